DROP TABLE staged_rejects, staged_names, import_rejects, imports, name_sets;

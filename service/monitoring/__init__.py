"""What an installation is watched with: a Grafana dashboard and Prometheus' alerts, over the metrics of `telemetry`.

`dashboard.json` and `alerts.yml` are files, printed by `phaseline monitoring`. Every metric and label in them is
one that a server shows, and each alert says in its `runbook` what to do; `tests/monitoring` holds them to it.

`api` answers whether a server lives and is ready, shows its metrics, and tells an administrator how it is set up.
"""

"""Phaseline: from millions of candidate domain names to leads, as phases.

A person *asks*: a command changes Postgres in one transaction (`campaigns`).
*Bulk flows*: a pipeline carries chunks of domains from a source through a transform to a sink (`pipelines`).
Whoever *watches* is told afterwards, once, by `campaign.progress` (`progress`).

Packages stand on the ones below them, and `make lint` holds them to it; the order is in pyproject.toml.
"""

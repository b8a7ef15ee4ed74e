"""`phaseline monitoring ...`: what an installation is watched with, to be given to Prometheus and Grafana."""

from cyclopts import App
from rich.text import Text

from service.cli.places import Json
from service.cli.terminal import show, write_json, write_line
from service.monitoring.documents import Document, read_document
from service.runtime.telemetry import describe_metrics

monitoring = App(name="monitoring")


@monitoring.command(sort_key=1)
def metrics(*, json: Json = False) -> None:
    """List every metric: its name, kind, labels and meaning.

    For example:

        phaseline monitoring metrics
    """
    described = describe_metrics()
    if json:
        write_json(described)
    else:
        for metric in described:
            labels = f"{{{', '.join(metric.labels)}}}" if metric.labels else ""
            show(Text.assemble((metric.name, "bold"), labels, (f"  {metric.kind}", "dim")), f"    {metric.meaning}")


@monitoring.command(sort_key=2)
def alerts() -> None:
    """Print alert rules for Prometheus, each with a line that says what to do.

    For example:

        phaseline monitoring alerts > /etc/prometheus/phaseline.yml
    """
    write_line(read_document(Document.ALERTS).rstrip())


@monitoring.command(sort_key=3)
def dashboard() -> None:
    """Print a dashboard for Grafana.

    For example:

        phaseline monitoring dashboard > phaseline.json
    """
    write_line(read_document(Document.DASHBOARD).rstrip())

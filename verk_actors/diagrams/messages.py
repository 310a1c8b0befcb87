"""The way of a job as a Mermaid sequence diagram."""

from __future__ import annotations

from verk_actors.diagrams.steps import Way


def mermaid(way: Way) -> str:
    """Return the diagram, its participants in the order in which the job meets them."""
    participants = dict.fromkeys(name for step in way for name in (step.sender, step.receiver))
    lines = ["sequenceDiagram", "    autonumber"]
    lines += [f"    participant {name}" for name in participants]
    lines += [f"    {step.sender}->>{step.receiver}: {step.text}" for step in way]
    return "\n".join(lines) + "\n"

"""The periodic jobs, and what is done to them."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import attrs

from verk_actors.errors import InvalidJob, JobNotUnique, loggable
from verk_actors.store.cron_status import CronNotFound, CronStatus
from verk_actors.web.access import Action
from verk_actors.web.api.json_form import Between, Matching, Sized
from verk_actors.web.api.operation import Done, acts, looks
from verk_actors.web.site import Site
from verk_actors.web.views import cron_actions
from verk_actors.web.views.cron import read_cron
from verk_actors.wire.cron_schedule import CatchUp, InvalidCron
from verk_actors.wire.job import Job

CronName: TypeAlias = Annotated[str, Sized(1, 200)]
_Name: TypeAlias = Annotated[str, Matching("[!-~]{1,200}", "1 to 200 letters, digits and signs of ASCII")]
_Queue: TypeAlias = Annotated[str, Matching(r"[A-Za-z0-9_.\-]{1,128}", "1 to 128 letters, digits or any of . _ -")]


@attrs.frozen(kw_only=True)
class NewCron:
    """A job to be enqueued at set times.

    Attributes:
        class_: the name that its job class is registered under.
        args: what its runs get, in this order.
        queue: where it goes.
        cron: when, as five or six fields or a word such as @daily.
        timezone: the time zone that `cron` is in, an IANA name.
        catch_up: which times that passed while no node ran are made up for.
        catch_up_window_seconds: how long ago these may have been.
    """

    class_: _Name
    args: list[Any] = attrs.field(factory=list)
    queue: _Queue = "default"
    cron: Annotated[str, Sized(1, 200)]
    timezone: Annotated[str, Sized(1, 100)] = "UTC"
    catch_up: CatchUp = "last"
    catch_up_window_seconds: Annotated[float, Between(1, 10**9)] = 3600.0


@looks("/cron")
def periodic_jobs(site: Site) -> tuple[CronStatus, ...]:
    """Return the periodic jobs, by their names."""
    return read_cron(site.client, site.redaction)


@looks("/cron/{name}", CronNotFound)
def periodic_job(site: Site, name: CronName) -> CronStatus:
    """Return one periodic job.

    Args:
        name: of it.
    """
    found = next((status for status in read_cron(site.client, site.redaction) if status.name == name), None)
    if found is None:
        raise CronNotFound(name)
    return found


@acts("/cron/{name}", Action.ADD_CRON, InvalidCron, InvalidJob)
def add_periodic_job(site: Site, name: _Name, new: NewCron) -> Done:
    """Have a job be enqueued at set times, in place of one of that name that was added before.

    Args:
        name: of it.
    """
    site.client.cron.add(
        name,
        Job(class_=new.class_, args=new.args, queue=new.queue),
        new.cron,
        timezone=new.timezone,
        catch_up=new.catch_up,
        catch_up_window_seconds=new.catch_up_window_seconds,
    )
    return Done(message=f"{loggable(name)} is added.")


@acts("/cron/{name}/pause", Action.PAUSE_CRON, CronNotFound)
def pause_periodic_job(site: Site, name: CronName) -> Done:
    """Have the times of a periodic job pass by until it is resumed.

    Args:
        name: of it.
    """
    return Done(message=cron_actions.pause(site.client, name))


@acts("/cron/{name}/resume", Action.RESUME_CRON, CronNotFound)
def resume_periodic_job(site: Site, name: CronName) -> Done:
    """Have a periodic job be enqueued again when its times come.

    Args:
        name: of it.
    """
    return Done(message=cron_actions.resume(site.client, name))


@acts("/cron/{name}/run", Action.RUN_CRON, CronNotFound, JobNotUnique, InvalidJob)
def run_periodic_job(site: Site, name: CronName) -> Done:
    """Enqueue the job of a periodic job now, beside its times.

    Args:
        name: of it.
    """
    return Done(message=cron_actions.run(site.client, name))


@acts("/cron/{name}/remove", Action.REMOVE_CRON, CronNotFound)
def remove_periodic_job(site: Site, name: CronName) -> Done:
    """Forget a periodic job; one that nodes have in their configuration or code comes back.

    Args:
        name: of it.
    """
    return Done(message=cron_actions.remove(site.client, name))

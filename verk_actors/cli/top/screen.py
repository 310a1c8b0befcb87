"""The screen of `verk top`: tabs with a table each, read anew in a thread as often as is wanted."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Static, TabbedContent, TabPane
from textual.worker import get_current_worker

from verk_actors.cli.top.actions import ACTIONS, Action
from verk_actors.cli.top.confirm import Confirm
from verk_actors.cli.top.tables import Row, Table, View, read
from verk_actors.client import Client
from verk_actors.errors import VerkError, loggable

_TABS = tuple(ACTIONS)
_KEYS = {action.key: action.name for actions in ACTIONS.values() for action in actions}


class Top(App[None]):
    """Shows what a client finds, and does what keys say.

    Args:
        client: reads and acts, in threads.
        interval: seconds from one look to the next.
    """

    TITLE = "verk top"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #totals { height: 1; padding: 0 1; background: $panel; }
    #trouble { height: auto; padding: 0 1; background: $error; color: $text; display: none; }
    DataTable { height: 1fr; }
    .empty { padding: 1 2; color: $text-muted; display: none; }
    Confirm { align: center middle; }
    #question { width: 60; height: auto; padding: 1 2; border: round $primary; background: $surface; }
    #question Horizontal { height: auto; margin-top: 1; }
    #question Button { margin-right: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"open({tab!r})", tab, show=False) for n, tab in enumerate(_TABS, 1)),
        *((key, f"act({key!r})", name) for key, name in _KEYS.items()),
        ("f5", "look", "look"),
        ("q", "quit", "quit"),
    ]

    def __init__(self, client: Client, interval: float) -> None:
        super().__init__()
        self.animation_level = "none"  # it is to be seen at once
        self._client = client
        self._interval = interval
        self._is_looking = False
        self._rows: dict[str, tuple[Row, ...]] = {}

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield Static(id="totals")
        yield Static(id="trouble")
        with TabbedContent(initial=_TABS[0]):
            for number, tab in enumerate(_TABS, 1):
                with TabPane(f"{number} {tab}", id=tab):
                    if tab == "tree":
                        with VerticalScroll():
                            yield Static(id="tree-text")
                    else:
                        yield DataTable[Text](id=f"{tab}-table", cursor_type="row", zebra_stripes=True)
                        yield Static(id=f"{tab}-empty", classes="empty")
        yield Footer()

    def on_mount(self) -> None:
        """Look now, and then as often as is wanted."""
        self.set_interval(self._interval, self.action_look)
        self.action_look()

    # -- what is shown

    @property
    def _main(self) -> Screen[Any]:
        """The screen below any question."""
        return self.screen_stack[0]

    @property
    def tab(self) -> str:
        """The tab that is open."""
        return self._main.query_one(TabbedContent).active

    def on_tabbed_content_tab_activated(self) -> None:
        """Show the tab that was opened, and its keys."""
        self.refresh_bindings()
        self.action_look()
        if self.tab != "tree":
            self._main.query_one(f"#{self.tab}-table").focus()

    def action_open(self, tab: str) -> None:
        """Open a tab."""
        self._main.query_one(TabbedContent).active = tab

    def action_look(self) -> None:
        """Read what is to be shown, unless that is being done: a Redis that hangs is not asked over and over."""
        if not self._is_looking:
            self._is_looking = True
            self.run_worker(partial(self._look, self.tab), thread=True, group="look")

    def _look(self, tab: str) -> None:
        try:
            view, trouble = read(self._client, tab), ""
        except VerkError as error:
            view, trouble = None, str(error)
        if not get_current_worker().is_cancelled:
            self.call_from_thread(self._show, view, trouble)

    def _show(self, view: View | None, trouble: str) -> None:
        self._is_looking = False
        bar = self._main.query_one("#trouble", Static)
        bar.update(Text(trouble))
        bar.display = bool(trouble)
        if view is None:
            return
        totals = (f"{name} {count:,}" for name, count in view.totals.items())
        self._main.query_one("#totals", Static).update(Text("   ".join(totals)))
        if view.table is not None:
            self._show_table(view.tab, view.table)
        else:
            self._main.query_one("#tree-text", Static).update(Text(view.text, no_wrap=True))
        if view.tab != self.tab:
            self.action_look()  # another one was opened meanwhile

    def _show_table(self, tab: str, table: Table) -> None:
        shown = self._main.query_one(f"#{tab}-table", DataTable)
        if not shown.columns:
            shown.add_columns(*table.headings)
        row = self._row_under_cursor(tab)
        at, top = shown.cursor_row, shown.scroll_y
        self._rows[tab] = table.rows
        shown.clear()
        for one in table.rows:
            shown.add_row(*map(_cell, one.cells))
        keys = [one.key for one in table.rows]
        shown.move_cursor(row=keys.index(row.key) if row is not None and row.key in keys else at, scroll=False)
        shown.scroll_to(y=top, animate=False)
        empty = self._main.query_one(f"#{tab}-empty", Static)
        empty.update(Text(table.empty))
        shown.display, empty.display = bool(table.rows), not table.rows

    def _row_under_cursor(self, tab: str) -> Row | None:
        rows, at = self._rows.get(tab, ()), self._main.query_one(f"#{tab}-table", DataTable).cursor_row
        return rows[at] if 0 <= at < len(rows) else None

    # -- what is done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Have the keys of the open tab, and no others."""
        if action != "act":
            return True
        try:
            return not isinstance(self.screen, Confirm) and self._action(str(parameters[0])) is not None
        except NoMatches:  # nothing is laid out yet
            return False

    def _action(self, key: str) -> Action | None:
        return next((action for action in ACTIONS[self.tab] if action.key == key), None)

    def action_act(self, key: str) -> None:
        """Do what a key says to the line under the cursor, having asked where that can't be undone."""
        action, row = self._action(key), None if self.tab == "tree" else self._row_under_cursor(self.tab)
        if action is None or row is None:
            return
        name = str(row.cells[0]) or "it"

        def answered(is_yes: bool | None) -> None:
            if is_yes:
                self.run_worker(partial(self._do, action, row, name), thread=True, group="act")

        if action.question:
            self.push_screen(Confirm(action.question.format(name)), answered)
        else:
            answered(True)

    def _do(self, action: Action, row: Row, name: str) -> None:
        try:
            said, severity = f"{name} {action.do(self._client, row.subject)}", "information"
        except VerkError as error:
            said, severity = str(error), "error"
        if not get_current_worker().is_cancelled:
            self.call_from_thread(self.notify, loggable(said), severity=severity, markup=False)
            self.call_from_thread(self.action_look)


def _cell(value: str | int) -> Text:
    return Text(f"{value:,}", justify="right") if isinstance(value, int) else Text(value)

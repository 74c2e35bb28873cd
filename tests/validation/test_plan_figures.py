"""The page of example plans shows every plan, and what it shows is what a plan gives."""

from pathlib import Path

from validation.plan_figures import PAGE, PLANS, TABLES, patients_of, put_in, run_plan


def test_every_plan_stands_on_the_page_with_each_of_its_patients() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for plan_file in PLANS.glob("*.toml"):
        for patient in patients_of(plan_file):
            link = f"| [{plan_file.stem}]({plan_file.name}) |"
            rows = [line for line in lines if line.startswith(link) and f"| {patient} |" in line]
            assert len(rows) == 1, f"{plan_file.stem}, {patient}: run `make plan-figures`"


def test_the_figures_shown_are_those_that_a_plan_gives(tmp_path: Path) -> None:
    run = run_plan(PLANS / "tap.toml", "healthy", tmp_path)
    _, row = TABLES[run.plan.exercise]
    name, *cells = row(run)
    shown = f"| [{name}]({name}.toml) | {' | '.join(cells)} |"
    assert shown in PAGE.read_text(encoding="utf-8"), "run `make plan-figures`"


def test_text_goes_between_its_own_markers_and_nowhere_else() -> None:
    page = "a\n<!-- tap: begin -->\nold\n<!-- tap: end -->\nb\n"
    assert put_in(page, "tap", "new") == page.replace("old", "new")

"""scripts/docs: what it lets pass, and what it does not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def docs(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "docs"), str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def tree(root: Path, **pages: str) -> Path:
    for name, text in {"README": "# Top\n", "docs/README": "# Index\n", **pages}.items():
        path = root / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_the_documents_of_this_project_are_sound() -> None:
    checked = docs(ROOT)

    assert checked.stdout == "docs: fine\n"
    assert checked.returncode == 0


LINKS = [
    ("[a](docs/README.md)", None),
    ("[a](docs/)", None),
    ("[a](docs/README.md#index)", None),
    ("[a](#top)", None),
    ("[a](https://www.rfc-editor.org/rfc/rfc792)", None),
    ("`[a](nowhere.md)`", None),
    ("```\n[a](nowhere.md)\n```", None),
    ("[a](nowhere.md)", "README.md:3: nowhere.md is not there"),
    ("\n[![a](docs/README.md)](nowhere.md)", "README.md:4: nowhere.md is not there"),
    ("[a][b]\n\n[b]: nowhere.md", "README.md:5: nowhere.md is not there"),
    ("[a](docs/README.md#nothing)", "README.md:3: docs/README.md#nothing has no such heading"),
    ("[a](../beside.md)", "README.md:3: ../beside.md leads out of the project"),
    ("[a](/docs/README.md)", "README.md:3: /docs/README.md leads out of the project"),
]


@pytest.mark.parametrize(("text", "said"), LINKS)
def test_a_link_leads_to_a_file_and_to_a_heading_of_it(
    tmp_path: Path, text: str, said: str | None
) -> None:
    checked = docs(tree(tmp_path, README=f"# Top\n\n{text}\n"))

    assert checked.stdout == f"{said or 'docs: fine'}\n"
    assert checked.returncode == (1 if said else 0)


def test_a_page_that_no_index_names_is_found(tmp_path: Path) -> None:
    checked = docs(tree(tmp_path, **{"docs/explanation/stray": "# Stray\n"}))

    assert checked.stdout == "docs/explanation/stray.md: no index links to it\n"


def test_a_decision_has_to_be_in_the_list_of_decisions(tmp_path: Path) -> None:
    pages = {
        "docs/README": "# Index\n\n[one](decisions/0001-one.md) [all](decisions/README.md)\n",
        "docs/decisions/README": "# Decisions\n",
        "docs/decisions/0001-one": "# One\n",
    }

    checked = docs(tree(tmp_path, **pages))

    assert checked.stdout == "docs/decisions/0001-one.md: no index links to it\n"


FOREIGN = ["/" + "work", "/" + "root/.cache"]  # in two parts, or this file would be found


@pytest.mark.parametrize("folder", FOREIGN)
def test_a_folder_that_only_one_machine_has_is_found_in_any_file(
    tmp_path: Path, folder: str
) -> None:
    (tree(tmp_path) / "setup.cfg").write_text(f"\npath = {folder}/project\n")

    checked = docs(tmp_path)

    assert checked.stdout.startswith(f"setup.cfg:2: {folder}")
    assert checked.stdout.endswith(" is a folder of one machine\n")
    assert checked.returncode == 1


def test_decisions_are_numbered_without_a_gap() -> None:
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))

    assert names
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert all(re.fullmatch(r"\d{4}(-[a-z0-9]+)+\.md", name) for name in names)

# shellcheck shell=bash
# Sourced by the scripts beside it: a Python, an environment, and what the project needs in it.
#
#   set_up runtime|dev     make or refresh the environment, and put its programs first in PATH
#   require_namespaces     stop, with the cause and the way out, where no network namespace can be made
#
# RAWKIT_VENV=DIR      the environment, instead of .venv in the checkout
# RAWKIT_PYTHON=FILE   the interpreter to make it with, instead of the first that fits

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$(realpath -sm "${RAWKIT_VENV:-$root/.venv}")
stamp=$venv/.rawkit-set-up

say() { printf 'set-up: %s\n' "$*" >&2; }
fail() { say "$@"; exit 2; }

set_up() {
    local group=$1 lock
    if ! is_current "$group"; then
        must_be_ours
        exec {lock}<"$root/pyproject.toml"
        take_turns "$lock"
        is_current "$group" || install "$group"
        exec {lock}<&-
    fi
    unset PYTHONHOME
    export PATH="$venv/bin:$PATH"
}

# Two scripts started at once share one environment: the second waits for the first.
take_turns() {
    command -v flock >/dev/null || return 0
    flock --nonblock "$1" && return 0
    say "waiting for another set-up of this checkout"
    flock "$1"
}

# The stamp says what was installed, where, for what; the dev group holds the runtime too.
is_current() {
    local installed
    [[ -r $stamp ]] && runs "$venv/bin/python" || return 1
    read -r installed <"$stamp"
    [[ $installed == "dev $(fingerprint)" || $installed == "$1 $(fingerprint)" ]]
}

fingerprint() {
    {
        cat "$root/pyproject.toml"
        printf '%s\n' "$root" "$venv"
        stat --dereference --format '%s %Y' "$venv/bin/python"
        readlink -f "$venv/bin/python"
    } | sha256sum | cut -c -64
}

runs() { [[ -x $1 ]] && "$1" -I -S -c '' 2>/dev/null; }

must_be_ours() {
    local way="make a clone of your own, or set RAWKIT_VENV=DIR for an environment elsewhere"
    local above=$venv
    if [[ -e $venv ]]; then
        [[ -e $venv/pyvenv.cfg || -z $(ls -A "$venv") ]] || fail "$venv is no Python environment, and not empty"
        [[ -O $venv && -w $venv ]] && return
        if runs "$venv/bin/python"; then
            fail "$venv belongs to $(stat -c %U "$venv") and has to be refreshed: $way"
        fi
        fail "$venv belongs to $(stat -c %U "$venv") and you cannot run its Python: $way"
    fi
    while [[ ! -e $above ]]; do above=$(dirname "$above"); done
    [[ -w $above ]] || fail "you may not write to $above: $way"
}

install() {
    local group=$1 began=$SECONDS python output
    local -a wanted=(--editable "$root")
    if ! runs "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        python=$(find_python) || exit 2
        say "making $venv with $python"
        output=$("$python" -m venv --clear "$venv" 2>&1) || fail "$python -m venv failed:"$'\n'"$output"
    fi
    rm -f "$stamp"
    say "installing the $group dependencies"
    if [[ $group == dev ]]; then
        while IFS= read -r output; do wanted+=("$output"); done < <(dependency_group dev)
        [[ ${#wanted[@]} -gt 2 ]] || fail "pyproject.toml has no dependency group dev"
    fi
    output=$("$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
        "${wanted[@]}" 2>&1) || fail "pip could not install what is needed:"$'\n'"$output"
    printf '%s %s\n' "$group" "$(fingerprint)" >"$stamp.new"
    mv "$stamp.new" "$stamp"
    say "done in $((SECONDS - began)) s"
}

# Older pips have no --group: read PEP 735's table here.
dependency_group() {
    "$venv/bin/python" - "$1" "$root/pyproject.toml" <<'PYTHON'
import sys
import tomllib

with open(sys.argv[2], "rb") as file:
    groups = tomllib.load(file)["dependency-groups"]


def flat(name):
    for entry in groups[name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from flat(entry["include-group"])


print("\n".join(flat(sys.argv[1])))
PYTHON
}

# Root takes an interpreter that others can run too, where there is one: an environment made from a
# Python in a closed home folder serves nobody else.
find_python() {
    local candidate version able open path first_closed="" without_venv="" too_old=""
    while IFS= read -r candidate; do
        read -r version able open path < <(describe_python "$candidate") || continue
        case $able in
            old) too_old+=" $path ($version)" ;;
            without_venv) without_venv=${without_venv:-$path $version} ;;
            *)
                if [[ $EUID -ne 0 || $open == open || -n ${RAWKIT_PYTHON:-} ]]; then
                    printf '%s\n' "$path"
                    return 0
                fi
                first_closed=${first_closed:-$path}
                ;;
        esac
    done < <(python_candidates)
    if [[ -n $first_closed ]]; then
        printf '%s\n' "$first_closed"
        return 0
    fi
    no_python "$without_venv" "$too_old"
}

python_candidates() {
    if [[ -n ${RAWKIT_PYTHON:-} ]]; then
        printf '%s\n' "$RAWKIT_PYTHON"
        return
    fi
    { type -aP python3 python3.{11..15} || true; } 2>/dev/null
    printf '%s\n' /usr/bin/python3 /usr/local/bin/python3
}

# Says: version, whether it is able to make an environment, whether others may run it, its real path.
describe_python() {
    "$1" -I - 2>/dev/null <<'PYTHON'
import os
import sys

able = "able"
try:
    import ensurepip
    import venv
except ImportError:
    able = "without_venv"
if sys.version_info < (3, 11):
    able = "old"


def is_open(path):
    path = os.path.realpath(path)
    mode = os.stat(path).st_mode
    if not mode & 0o004:
        return False
    while path != "/":
        path = os.path.dirname(path)
        if not os.stat(path).st_mode & 0o001:
            return False
    return True


python = getattr(sys, "_base_executable", sys.executable)  # never one inside an environment
reachable = is_open(python) and is_open(os.__file__)
print("%d.%d" % sys.version_info[:2], able, "open" if reachable else "closed", python)
PYTHON
}

no_python() {
    local path=${1% *} version=${1##* } package
    if [[ -n $1 ]]; then
        package=python3-venv
        [[ $path == /usr/bin/python3 ]] || package=python$version-venv
        say "$path cannot make environments (its venv or ensurepip is missing): apt-get install $package"
    else
        say "no Python 3.11 or newer found${2:+; too old:$2}: apt-get install python3 python3-venv" \
            "(Debian 12, Ubuntu 24.04 and newer), or name one with RAWKIT_PYTHON=FILE"
    fi
    return 1
}

# Tried in a process of its own, by the code that the lab uses: it knows the many causes.
require_namespaces() {
    python - <<'PYTHON' || exit 2
import sys

from rawkit.errors import LabError
from rawkit.lab.userns import enter

try:
    enter()
except LabError as error:
    sys.exit(f"set-up: {error}")
PYTHON
}

"""``python -m rawkit``: the same as ``rawkit``."""

import sys

from rawkit.cli.main import main

if __name__ == "__main__":
    code = main()
    # Python notes a Ctrl-C that comes while it runs code made of text, as ``namedtuple`` does,
    # and -m then dies of SIGINT in the end, whoever caught it. The next such code wipes the note.
    exec("")
    sys.exit(code)

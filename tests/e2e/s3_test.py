#!/usr/bin/env python3
"""Object stores against a real S3 server: the contract of the port; checkpoints and files.

Starts a server on a free port with the peers script and stops it at the end. Prints one line a test; exit code 77 when
the script is missing.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

from peers import ROOT, SKIPPED, S3, Missing, run_tests


class Test:
    def __init__(self, binary, server, folder):
        self.binary, self.server, self.folder = binary, server, folder

    def the_contract_holds(self):
        """The suite that the model passes, too."""
        self.server.bucket("contract")
        program = self.binary.parent / "src" / "env" / "env_test"
        if not program.exists():
            raise Missing(f"no {program}")
        done = subprocess.run([str(program), "--gtest_brief=1", "--gtest_filter=*ObjectStoreContract*/Real"], text=True,
                              capture_output=True, timeout=120,
                              env={**os.environ, **self.server.credentials(), "PENSTOCK_S3_ENDPOINT": self.server.url,
                                   "PENSTOCK_S3_BUCKET": "contract"})
        assert done.returncode == 0 and "8 tests" in done.stdout, done.stdout[-3000:] + done.stderr[-2000:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--penstock", default=str(ROOT / "build" / "penstock"))
    parser.add_argument("--filter", default="", help="only tests whose name has this part")
    arguments = parser.parse_args()
    names = [name for name in ("the_contract_holds",) if arguments.filter in name]
    try:
        with tempfile.TemporaryDirectory() as folder, S3() as server:
            test = Test(pathlib.Path(arguments.penstock).resolve(), server, pathlib.Path(folder))
            return run_tests("s3", [(name, getattr(test, name)) for name in names])
    except Missing as missing:
        print(f"skip   e2e s3: {missing}")
        return SKIPPED


sys.exit(main())

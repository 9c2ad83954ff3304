#!/usr/bin/env python3
"""The port to Kafka against a real broker: the contract that the simulated one passes, too.

Starts a broker of its own on a free port with the peers script and stops it at the end. Prints one line a test; exit
code 77 when the script is missing.
"""
import os
import re
import subprocess
import sys

from kafka_case import KafkaCase, run_cases

SUITE = "*KafkaContract*/Real"


class Test(KafkaCase):
    def program(self, *arguments):
        program = self.penstock.parent / "src" / "connectors" / "connectors_test"
        assert program.exists(), f"no {program}: build it first"
        return subprocess.run([str(program), f"--gtest_filter={SUITE}", *arguments], text=True, capture_output=True,
                              timeout=300, env={**os.environ, "PENSTOCK_KAFKA_SERVERS": self.broker.servers})

    def the_contract_holds(self):
        """The suite that the model passes, too: none of its tests is left out."""
        count = len(re.findall(r"/Real", self.program("--gtest_list_tests").stdout))
        done = self.program("--gtest_brief=1")
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
        assert count > 30 and f"{count} tests" in done.stdout and "SKIPPED" not in done.stdout, done.stdout


TESTS = ["the_contract_holds"]
if __name__ == "__main__":
    sys.exit(run_cases(__doc__, Test, TESTS))

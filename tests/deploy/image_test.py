"""The container image: built from docker/Dockerfile by a private Docker daemon on a base made by
debootstrap (no registry is asked), run as compose.yaml runs it, healthy, unprivileged, and a mail
goes in and comes out. Needs root; takes minutes."""

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "live"))
import harness  # noqa: E402


def mirror():
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)"], capture_output=True, text=True, check=True)
    return listed.stdout.split("\n", 1)[0]


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="waxwing-docker-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.environment = {**os.environ, "DOCKER_HOST": f"unix://{cls.folder}/docker.sock", "DOCKER_BUILDKIT": "0"}
        with open(f"{cls.folder}/log", "w") as log:
            cls.daemon = subprocess.Popen(
                ["/usr/sbin/dockerd", "--data-root", f"{cls.folder}/data", "--exec-root", f"{cls.folder}/run",
                 "--pidfile", f"{cls.folder}/pid", "-H", f"unix://{cls.folder}/docker.sock", "--iptables=false",
                 "--ip6tables=false", "--bridge=none", "--storage-driver=overlay2"], stdout=log, stderr=log)
        cls.addClassCleanup(cls.end_daemon)
        harness.wait_for(lambda: cls.docker("info", check=False).returncode == 0, "the Docker daemon", 60)
        base = f"{cls.folder}/base"
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", base, mirror()], check=True, stdout=subprocess.DEVNULL)
        packed = subprocess.Popen(["tar", "-C", base, "--one-file-system", "-c", "."], stdout=subprocess.PIPE)
        subprocess.run(["/usr/bin/docker", "import", "-", "debian:bookworm-slim"], stdin=packed.stdout, env=cls.environment,
                       check=True, stdout=subprocess.DEVNULL)
        packed.stdout.close()
        packed.wait()
        cls.docker("build", "--network=host", "-f", f"{SOURCE}/docker/Dockerfile", "-t", "waxwing", SOURCE)

    @classmethod
    def end_daemon(cls):
        cls.docker("rm", "-f", "waxwing", check=False)
        cls.daemon.terminate()
        cls.daemon.wait(timeout=60)
        # It leaves the network namespaces mounted that it made.
        subprocess.run(["umount", "-q", f"{cls.folder}/run/netns/default"], check=False)

    @classmethod
    def docker(cls, *arguments, check=True, text=None):
        done = subprocess.run(["/usr/bin/docker", *arguments], env=cls.environment, input=text, capture_output=True, text=True)
        if check and done.returncode != 0:
            raise harness.Failure(f"docker {' '.join(arguments)}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-6000:]}")
        return done

    def inside(self, program):
        """Python that runs in the container's network."""
        pid = self.docker("inspect", "-f", "{{.State.Pid}}", "waxwing").stdout.strip()
        return subprocess.run(["nsenter", "-t", pid, "-n", sys.executable, "-c", textwrap.dedent(program)],
                              capture_output=True, text=True, timeout=60)

    def healthy(self):
        return self.docker("inspect", "-f", "{{.State.Health.Status}}", "waxwing").stdout.strip() == "healthy"

    def test_runs_unprivileged_and_moves_a_mail(self):
        config = f"{self.folder}/waxwing.yaml"
        with open(config, "w") as out:
            out.write("hostname: localhost\nlimits: {free_space: 1MiB}\nsender_policy: {verify: false}\n")
        os.chmod(self.folder, 0o755)
        # As in compose.yaml, but in a network of its own, where the low ports are free.
        self.docker("run", "-d", "--name", "waxwing", "--network=none", "--sysctl", "net.ipv4.ip_unprivileged_port_start=1024",
                    "--cap-drop=ALL", "--cap-add=NET_BIND_SERVICE", "--read-only", "--tmpfs", "/tmp",
                    "--tmpfs", "/run/waxwing:uid=990,gid=990,mode=755", "--health-interval=2s",
                    "-v", f"{config}:/etc/waxwing/waxwing.yaml:ro", "-v", "mail:/var/lib/waxwing", "waxwing")
        try:
            harness.wait_for(self.healthy, "the health check", 60)
        except harness.Failure:
            self.fail(self.docker("logs", "waxwing").stderr)
        pid = self.docker("inspect", "-f", "{{.State.Pid}}", "waxwing").stdout.strip()
        with open(f"/proc/{pid}/status") as status:
            self.assertRegex(status.read(), r"\nUid:\t990\t990\t990\t990\n")
        self.docker("exec", "waxwing", "waxwing", "domain", "add", "example.test")
        self.docker("exec", "-i", "waxwing", "waxwing", "account", "add", "alice@example.test", "--password-stdin", text="secret-1\n")
        sent = self.inside("""
            import smtplib
            with smtplib.SMTP("127.0.0.1", 25) as c:
                c.sendmail("x@sender.example", ["alice@example.test"], "Subject: contained\\r\\n\\r\\nHello\\r\\n")
        """)
        self.assertEqual(sent.returncode, 0, sent.stderr)
        read = """
            import imaplib, ssl
            c = imaplib.IMAP4_SSL("127.0.0.1", 993, ssl_context=ssl._create_unverified_context())
            c.login("alice@example.test", "secret-1"); c.select()
            print(c.fetch("1", "(BODY[])")[1]); c.logout()
        """
        self.assertIn("contained", self.inside(read).stdout)
        self.docker("exec", "-i", "waxwing", "sendmail", "alice@example.test", text="Subject: inside\n\nx\n")
        self.docker("restart", "-t", "30", "waxwing")
        self.assertEqual(self.docker("inspect", "-f", "{{.State.ExitCode}}", "waxwing").stdout.strip(), "0")
        harness.wait_for(self.healthy, "the health check", 60)
        self.assertIn("contained", self.inside(read).stdout)
        self.docker("stop", "-t", "30", "waxwing")
        self.assertEqual(self.docker("inspect", "-f", "{{.State.ExitCode}}", "waxwing").stdout.strip(), "0")

    def test_compose_file_is_well_formed(self):
        if not shutil.which("docker-compose"):
            self.skipTest("docker-compose is not installed")
        done = subprocess.run(["docker-compose", "-f", f"{SOURCE}/docker/compose.yaml", "config"], env=self.environment,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("network_mode: host", done.stdout)


if __name__ == "__main__":
    if os.getuid() != 0:
        harness.skip("only root may start a Docker daemon")
    if not os.access("/usr/sbin/dockerd", os.X_OK):
        harness.skip("not installed: docker.io")
    harness.require("debootstrap", "nsenter")
    unittest.main(verbosity=2)

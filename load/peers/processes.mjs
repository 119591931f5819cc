// What is asked of the system about processes and folders, and a server's start and end.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { readdir, lstat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";

const ticksPerSecond = 100;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export function residentMiB(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
}

export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export async function diskMiB(folder) {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    try {
      bytes += entry.isDirectory() ? (await diskMiB(path)) * 1048576 : (await lstat(path)).blocks * 512;
    } catch (gone) {
      if (gone.code !== "ENOENT") throw gone;
    }
  }
  return bytes / 1048576;
}

// A child that is ended with this process whatever happens; ready() says whether it answers.
export async function start(program, args, environment, ready, patienceMs = 60000) {
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const keep = (text) => (said = (said + text).slice(-4000));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const end = () => child.exitCode === null && child.kill("SIGKILL");
  process.once("exit", end);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const until = Date.now() + patienceMs;
  while (!(await ready().catch(() => false))) {
    if (child.exitCode !== null || Date.now() > until) {
      end();
      throw new Error(`${program} does not get ready: ${said}`);
    }
    await sleep(50);
  }
  return {
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      await Promise.race([ended, sleep(20000)]);
      end();
    },
  };
}

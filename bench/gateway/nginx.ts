import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onCore } from "../cores.ts";
import { portOpens } from "./program.ts";

/** nginx in front of the origin: one worker, an access log, connections to the origin kept. */
export interface Nginx {
  /** Processor time of the workers so far; undefined where the system does not tell (it is read from /proc). */
  cpuUs(): number | undefined;
  stop(): Promise<void>;
}

/** Undefined when there is no nginx on the PATH. */
export async function startNginx(options: {
  port: number;
  originPort: number;
  folder: string;
}): Promise<Nginx | undefined> {
  if (spawnSync("nginx", ["-v"]).error) return undefined;
  const { folder } = options;
  mkdirSync(join(folder, "temporary"), { recursive: true });
  const file = join(folder, "nginx.conf");
  writeFileSync(file, configuration(options));
  const args = ["-c", file, "-p", folder, "-e", join(folder, "error.log")];
  const child = spawn(...onCore("measured", "nginx", args), { stdio: ["ignore", "ignore", "inherit"] });
  await portOpens(options.port, () => child.exitCode === null);
  return {
    cpuUs: () => workersCpuUs(child),
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function configuration({
  port,
  originPort,
  folder,
}: {
  port: number;
  originPort: number;
  folder: string;
}): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${join(folder, "temporary", name)};`)
    .join("\n  ");
  return `daemon off;
worker_processes 1;
pid ${join(folder, "nginx.pid")};
events { worker_connections 1024; }
http {
  ${temporary}
  access_log ${join(folder, "access.log")} combined;
  upstream origin { server 127.0.0.1:${originPort}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000000;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
  }
}
`;
}

function workersCpuUs({ pid }: ChildProcess): number | undefined {
  const children = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(children)) return undefined;
  let nanoseconds = 0;
  for (const worker of readFileSync(children, "utf8").trim().split(" ")) {
    for (const task of readdirSync(`/proc/${worker}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${worker}/task/${task}/schedstat`, "utf8").split(" ")[0]);
    }
  }
  return nanoseconds / 1000;
}

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findExecutable } from "../../scripts/find-executable.ts";
import { type Program, startProgram } from "../program.ts";

interface NginxOptions {
  readonly port: number;
  readonly originPort: number;
  readonly folder: string;
}

/**
 * nginx in front of the origin: one worker, an access log, connections to the origin kept. Undefined when there is no nginx on the PATH.
 */
export async function startNginx(options: NginxOptions): Promise<Program | undefined> {
  const nginx = findExecutable("nginx", process.env);
  if (nginx === undefined) return undefined;
  const { port, folder } = options;
  mkdirSync(join(folder, "temporary"), { recursive: true });
  const file = join(folder, "nginx.conf");
  writeFileSync(file, configuration(options));
  const args = ["-c", file, "-p", folder, "-e", join(folder, "error.log")];
  return startProgram(nginx, { port, args, core: "measured" });
}

function configuration({ port, originPort, folder }: NginxOptions): string {
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

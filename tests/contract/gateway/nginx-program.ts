import { join } from "node:path";

/** Arguments of an nginx that keeps all of its files in one folder. */
export const nginxArguments = (file: string, folder: string): readonly string[] => [
  "-c",
  file,
  "-p",
  folder,
  "-e",
  join(folder, "error.log"),
];

/** A complete file around the part that the page shows, for an nginx in the foreground. */
export function nginxFile(servers: string, folder: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  return `daemon off;
pid ${join(folder, "nginx.pid")};
events {}
http {
  access_log off;
  ${temporary.join("\n  ")}
${servers}
}`;
}

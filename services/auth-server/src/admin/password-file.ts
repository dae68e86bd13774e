import { readFileSync } from "node:fs";
import { ConfigError } from "agent-kit/service";

const VARIABLE = "AUTH_SERVER_ADMIN_PASSWORD_FILE";

/**
 * The administrator's password out of a file, without the line end that editors leave.
 *
 * @throws ConfigError when there is no such file or nothing in it: an empty password would open the door, not close it
 */
export function readPasswordFile(path: string): string {
  let password: string;
  try {
    password = readFileSync(path, "utf8").trim();
  } catch (error) {
    throw problem(`cannot read ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
  if (password === "") throw problem(`${path} is empty`);
  return password;
}

function problem(message: string): ConfigError {
  return new ConfigError("auth-server", [{ name: VARIABLE, message }]);
}

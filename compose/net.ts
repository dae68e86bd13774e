/**
 * `net.ts FILE`: keeps the shared network namespace open. At the first start it also makes the
 * administrator's password, so that no file of the project and no environment holds one.
 */

import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import "./wait.ts";

const [file = ""] = process.argv.slice(2);
const PASSWORD_BYTES = 24;

try {
  // Readable for the users of the containers that mount the volume: Keycloak's is another one.
  writeFileSync(file, randomBytes(PASSWORD_BYTES).toString("base64url"), { flag: "wx", mode: 0o444 });
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
}

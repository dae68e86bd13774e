/**
 * Holes of the former auth server (J: docs/reference/known-holes.md) that show at the start of its
 * process. Those that show in its answers are in `tests/contract/auth-server`.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";

test.each(["http://agent.example", '[""]'])(
  "J16: an allow list that cannot be read stops the start: %s",
  (list) => {
    const realm = JSON.parse(readFileSync(`${REPOSITORY_ROOT}keycloak/realm/aauth-test-realm.json`, "utf8"));
    realm.attributes["aauth.allowed.agents"] = list;
    const file = join(mkdtempSync(join(tmpdir(), "realm-")), "realm.json");
    writeFileSync(file, JSON.stringify(realm));
    const start = spawnSync(process.execPath, ["services/auth-server/src/main.ts"], {
      cwd: REPOSITORY_ROOT,
      env: { PATH: process.env.PATH, AUTH_SERVER_REALM_FILE: file, AUTH_SERVER_PORT: "0" },
      encoding: "utf8",
      timeout: 50_000,
    });
    expect(start.status).toBe(2);
    expect(start.stderr).toContain("aauth.allowed.agents: expected a JSON array");
  },
);

/**
 * `docker compose exec net node compose/consent.ts`: `npm run demo -- consent` for the stack in
 * containers. It runs inside, because there the administrator's password is, and because the
 * embedded auth server is then on loopback.
 */

import { readFileSync } from "node:fs";

process.env.KEYCLOAK_ADMIN_PASSWORD ??= readFileSync("/run/admin/password", "utf8");
await import("../scripts/consent.ts");

import type { Row } from "../suite/check.ts";
import { ACCESS_SERVER_CHECKS } from "./access-server.ts";
import { AGENT_CHECKS } from "./agent.ts";
import { GATEWAY_CHECKS } from "./gateway.ts";
import { PERSON_SERVER_CHECKS } from "./person-server.ts";
import { RESOURCE_CHECKS } from "./resource.ts";
import { VERIFY_CHECKS } from "./verify.ts";
import { RFC9421_CHECKS } from "./verify-rfc9421.ts";

/** The rows of every role and profile. */
export const ALL_ROWS: readonly Row[] = [
  ...RESOURCE_CHECKS,
  ...PERSON_SERVER_CHECKS,
  ...ACCESS_SERVER_CHECKS,
  ...AGENT_CHECKS,
  ...GATEWAY_CHECKS,
  ...VERIFY_CHECKS,
  ...RFC9421_CHECKS,
];

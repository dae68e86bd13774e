/**
 * Judges the requests that a gateway asks about (HTTP external authorization): who signed, and
 * whether that is enough for the route.
 *
 * @module
 */

export { CHECK_PATH, type CheckMessage, UnusableRequest } from "./check-request.ts";
export type { CheckConfig } from "./check-settings.ts";
export {
  type CheckAnswer,
  createGatewayCheck,
  type GatewayCheck,
  type GatewayCheckDeps,
} from "./gateway-check.ts";
export { refusalOf } from "./refusal.ts";

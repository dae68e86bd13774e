import { auth } from "./auth.ts";
import { code } from "./code.ts";
import { exchange } from "./exchange.ts";
import { refresh } from "./refresh.ts";
import type { RequestType } from "./request-type.ts";

/** Every request type that the token endpoint answers, in the order of the issuer's metadata. */
export const REQUEST_TYPES: readonly RequestType[] = [auth, code, refresh, exchange];

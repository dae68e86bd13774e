/** The parties of the requests of `route.ts`, and what it asks its server. */

export const AUTHORITY = "resource.example";
export const RESOURCE = `https://${AUTHORITY}`;
export const ISSUER = "https://auth.example";

/** `port` it listens on; `cpuUs` its processor time so far. */
export type ServerQuestion = "port" | "cpuUs";

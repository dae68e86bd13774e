/**
 * The backend's REST API as schemas and types, shared by backend and UI. {@link apiRoutes} has its
 * routes.
 *
 * @module
 */
export * from "./activity.ts";
export * from "./agents.ts";
export * from "./attacks.ts";
export * from "./bearer-twin.ts";
export * from "./consent.ts";
export * from "./delegates.ts";
export * from "./failed-part.ts";
export * from "./failure.ts";
export * from "./order.ts";
export * from "./progress.ts";
export * from "./results.ts";
export * from "./routes.ts";
export * from "./run-evidence.ts";
export * from "./run-trace.ts";
export * from "./service.ts";
export * from "./start.ts";
export * from "./user.ts";

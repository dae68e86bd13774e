import type { CorsPolicy } from "../configuration/document-schema.ts";
import { LocalReply } from "../proxy/local-reply.ts";
import { firstField, type RequestHead } from "../proxy/request-head.ts";

/**
 * CORS as Agentgateway does it: an allowed origin is echoed (never `*`); a preflight, and any OPTIONS of an allowed origin, is
 * answered with 200 at once; a preflight of another origin gets 200 without CORS fields; anything else passes.
 *
 * @returns the fields to add to whatever is answered later
 * @throws LocalReply for an OPTIONS that ends here
 */
export function applyCors(policy: CorsPolicy, head: RequestHead): string[] {
  const origin = firstField(head.fields, "origin");
  if (origin === undefined) return [];
  const isPreflight = head.method === "OPTIONS" && !!firstField(head.fields, "access-control-request-method");
  if (!isAllowed(policy.allowOrigins, origin)) {
    if (isPreflight) throw new LocalReply({ status: 200, reason: "DirectResponse" });
    return [];
  }
  const fields = ["access-control-allow-origin", origin];
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined) fields.push(name, value);
  };
  if (policy.allowCredentials) add("access-control-allow-credentials", "true");
  add("access-control-expose-headers", listText(policy.exposeHeaders));
  if (head.method !== "OPTIONS") return fields;

  const requested = (name: string) => {
    const entries = (firstField(head.fields, name) ?? "").split(",").map((entry) => entry.trim());
    return entries.filter(Boolean).join(", ") || undefined;
  };
  const reflected = (list: readonly string[] | "*", asked: string | undefined) =>
    list === "*" ? (asked ?? (policy.allowCredentials ? undefined : "*")) : listText(list);
  add(
    "access-control-allow-methods",
    reflected(policy.allowMethods, requested("access-control-request-method")),
  );
  add(
    "access-control-allow-headers",
    reflected(policy.allowHeaders, requested("access-control-request-headers")),
  );
  if (policy.maxAge !== undefined) add("access-control-max-age", String(Math.floor(policy.maxAge / 1000)));
  throw new LocalReply({ status: 200, reason: "DirectResponse", fields });
}

function listText(list: readonly string[] | "*"): string | undefined {
  if (list === "*") return "*";
  return list.length === 0 ? undefined : list.join(",");
}

function isAllowed(allowed: readonly string[] | "*", origin: string): boolean {
  if (allowed === "*") return true;
  const asked = readOrigin(origin);
  if (asked === undefined) return false;
  return allowed.some((entry) => {
    const pattern = readOrigin(entry);
    if (pattern === undefined || pattern.scheme !== asked.scheme || pattern.port !== asked.port) return false;
    if (!pattern.host.startsWith("*.")) return pattern.host === asked.host;
    const suffix = pattern.host.slice(1);
    return asked.host.length > suffix.length && asked.host.endsWith(suffix);
  });
}

function readOrigin(text: string): { scheme: string; host: string; port: string } | undefined {
  const [, scheme, host, port] = /^(https?):\/\/([A-Za-z0-9._*-]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (scheme === undefined || host === undefined) return undefined;
  const lowerScheme = scheme.toLowerCase();
  return {
    scheme: lowerScheme,
    host: host.toLowerCase(),
    port: port ?? (lowerScheme === "http" ? "80" : "443"),
  };
}

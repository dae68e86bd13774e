import type { FastifyReply, FastifyRequest } from "fastify";

/** A cookie with a base64url value, valid for all paths of this server and hidden from scripts. */
export interface Cookie {
  /** Undefined if the cookie is missing or its value is not base64url. */
  read(request: FastifyRequest): string | undefined;
  write(reply: FastifyReply, value: string, lifetimeSeconds: number): void;
  clear(reply: FastifyReply): void;
}

const VALUE = /^[\w-]+$/;

/**
 * @param baseName unique on the host, as `cookieName` makes it. With https the
 * prefix `__Host-` keeps other hosts of the domain from setting the cookie
 */
export function createCookie(baseName: string, publicUrl: URL): Cookie {
  const name = nameOf(baseName, publicUrl);
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure(publicUrl) ? "; Secure" : ""}`;
  return {
    read(request) {
      const value = pairsOf(request).find(([key]) => key === name)?.[1] ?? "";
      return VALUE.test(value) ? value : undefined;
    },
    write(reply, value, lifetimeSeconds) {
      reply.header("set-cookie", `${name}=${value}; Max-Age=${lifetimeSeconds}; ${attributes}`);
    },
    clear(reply) {
      reply.header("set-cookie", `${name}=; Max-Age=0; ${attributes}`);
    },
  };
}

/** Suffixes of the request's cookie names that begin with `baseName`, in the order received. */
export function cookieNames(request: FastifyRequest, baseName: string, publicUrl: URL): string[] {
  const prefix = nameOf(baseName, publicUrl);
  const names = pairsOf(request).map(([name = ""]) => name);
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

const isSecure = ({ protocol }: URL) => protocol === "https:";
const nameOf = (baseName: string, publicUrl: URL) => (isSecure(publicUrl) ? `__Host-${baseName}` : baseName);

function pairsOf({ headers }: FastifyRequest): string[][] {
  return (headers.cookie ?? "").split(";").map((pair) => pair.trim().split("=", 2));
}

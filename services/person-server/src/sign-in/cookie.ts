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
 * @param baseName unique on the host, because all its ports share their cookies. With https the
 * prefix `__Host-` keeps other hosts of the domain from setting the cookie
 */
export function createCookie(baseName: string, isSecure: boolean): Cookie {
  const name = nameOf(baseName, isSecure);
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
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
export function cookieNames(request: FastifyRequest, baseName: string, isSecure: boolean): string[] {
  const prefix = nameOf(baseName, isSecure);
  const names = pairsOf(request).map(([name = ""]) => name);
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

const nameOf = (baseName: string, isSecure: boolean) => (isSecure ? `__Host-${baseName}` : baseName);

function pairsOf({ headers }: FastifyRequest): string[][] {
  return (headers.cookie ?? "").split(";").map((pair) => pair.trim().split("=", 2));
}

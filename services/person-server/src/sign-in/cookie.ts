import type { FastifyReply, FastifyRequest } from "fastify";

/** A cookie with a secret of 256 bits, for all paths of this server and hidden from scripts. */
export interface Cookie {
  /** Undefined without one, and for a value that is not a secret. */
  read(request: FastifyRequest): string | undefined;
  write(reply: FastifyReply, value: string, lifetimeSeconds: number): void;
  clear(reply: FastifyReply): void;
}

const SECRET = /^[\w-]{43}$/;

/**
 * @param baseName unique on the host, because all its ports share their cookies. With https the
 * prefix `__Host-` keeps other hosts of the domain from setting the cookie
 */
export function createCookie(baseName: string, isSecure: boolean): Cookie {
  const name = isSecure ? `__Host-${baseName}` : baseName;
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
  return {
    read({ headers }) {
      const pairs = (headers.cookie ?? "").split(";").map((pair) => pair.trim().split("=", 2));
      const value = pairs.find(([key]) => key === name)?.[1] ?? "";
      return SECRET.test(value) ? value : undefined;
    },
    write(reply, value, lifetimeSeconds) {
      reply.header("set-cookie", `${name}=${value}; Max-Age=${lifetimeSeconds}; ${attributes}`);
    },
    clear(reply) {
      reply.header("set-cookie", `${name}=; Max-Age=0; ${attributes}`);
    },
  };
}

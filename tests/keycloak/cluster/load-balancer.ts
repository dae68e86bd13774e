import { createServer, request } from "node:http";

/**
 * Stands before the nodes, at the address that all of them have. The test selects the next node.
 */
export interface LoadBalancer {
  /** Sends every request to this node from now on. */
  use(node: number): void;
  close(): Promise<void>;
}

/** @param nodes origins */
export async function startLoadBalancer(address: string, nodes: readonly string[]): Promise<LoadBalancer> {
  let current = 0;
  const server = createServer((incoming, outgoing) => {
    const { method = "GET", url = "/", headers } = incoming;
    const forwarded = request(new URL(url, nodes[current]), { method, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.once("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(new URL(address).port), "127.0.0.1", resolve);
  });
  return {
    use(node) {
      current = node;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

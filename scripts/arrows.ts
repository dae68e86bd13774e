/**
 * Who may import whom: the table of docs/architecture, as data. `check-arrows` compares it with the manifests and the imports.
 *
 * @module
 */

/**
 * What each part may import of ours; a subpath stands for itself. A part that is not in the table may import nothing of ours; services
 * never import services. A test compares it with the table in docs/architecture.md.
 */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  ui: ["backend-api", "protocol-trace/names", "protocol-trace/read", "aauth/explain"],
  "services/backend": [
    "fastify-aauth",
    "aauth",
    "aauth/agent",
    "aauth/resource",
    "aauth/issuer",
    "aauth/wire",
    "service-kit",
    "backend-api",
    "protocol-log",
    "protocol-trace",
    "protocol-trace/names",
  ],
  "services/supply-chain-agent": [
    "fastify-aauth",
    "fastify-a2a",
    "aauth",
    "aauth/agent",
    "aauth/resource",
    "aauth/issuer",
    "aauth/wire",
    "protocol-log",
    "service-kit",
    "protocol-trace",
  ],
  "services/market-analysis-agent": [
    "fastify-aauth",
    "fastify-a2a",
    "aauth",
    "aauth/resource",
    "aauth/wire",
    "protocol-log",
    "service-kit",
    "protocol-trace",
  ],
  "services/auth-server": [
    "aauth",
    "aauth/resource",
    "aauth/issuer",
    "aauth/wire",
    "service-kit",
    "protocol-trace",
  ],
  "services/delegate-agent": [
    "fastify-aauth",
    "fastify-a2a",
    "aauth",
    "aauth/agent",
    "aauth/resource",
    "aauth/wire",
    "protocol-log",
    "protocol-trace",
    "service-kit",
    "backend-api",
  ],
  "services/gateway": ["service-kit", "gateway-check/open-paths"],
  "services/gateway-authz": [
    "gateway-check",
    "gateway-check/settings",
    "service-kit",
    "protocol-trace",
    "aauth",
  ],
  "services/trace-store": ["service-kit"],
  "packages/fastify-aauth": ["aauth", "aauth/resource"],
  "packages/gateway-check": ["aauth", "aauth/resource", "protocol-trace", "service-kit"],
  "packages/protocol-log": ["aauth", "aauth/agent", "aauth/wire", "fastify-aauth"],
  "packages/protocol-trace": ["aauth", "aauth/agent", "aauth/wire", "fastify-aauth"],
};

/**
 * The layers of `packages/aauth/src`, lowest first: a file imports from its own folder and from lower layers, never sideways or up. A file
 * that is named itself belongs to that layer and not to its folder's.
 */
export const AAUTH_LAYERS: readonly (readonly string[])[] = [
  [
    "errors.ts",
    "types.ts",

    "base64.ts",
    "closing-quote.ts",
    "crypto",
    "http-signatures/report.ts",
  ],
  ["store"],
  ["keys"],
  ["http-signatures/field.ts"],
  ["discovery"],
  ["http-signatures"],
  ["tokens"],
  ["profiles"],
  ["discovery/create-discovery.ts"],
  ["resource", "agent"],
  ["testing", "explain"],
  ["index.ts", "issuer.ts", "wire.ts"],
];

/** A source file by its path from the repository's root, with the specifiers it imports. */
export interface SourceFile {
  readonly path: string;
  readonly imports: readonly string[];
}

/** A manifest's own name, folder and everything it depends on. */
export interface Manifest {
  readonly folder: string;
  readonly name: string;
  readonly dependencies: readonly string[];
}

/** One edge that is not in the table, as a sentence that begins with the place. */
export function arrowProblems(manifests: readonly Manifest[], files: readonly SourceFile[]): string[] {
  const ours = new Set(manifests.map(({ name }) => name));
  return [
    ...manifests.flatMap((manifest) => manifestProblems(manifest, ours)),
    ...files.flatMap((file) => fileProblems(file, manifests)),
  ];
}

/** The specifiers of static imports, re-exports and dynamic imports in a TypeScript source. */
export function importsOf(source: string): string[] {
  // Enough for code that a formatter has laid out; a specifier built at run time is refused by review, not here.
  const withoutComments = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const pattern =
    /(?:^|[\n;}])\s*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/g;
  return [...withoutComments.matchAll(pattern)].map((match) => (match[1] ?? match[2])!);
}

function manifestProblems({ folder, dependencies }: Manifest, ours: ReadonlySet<string>): string[] {
  const allowed = new Set((ARROWS[folder] ?? []).map(packageOf));
  return dependencies
    .filter((name) => ours.has(name) && !allowed.has(name))
    .map((name) => `${folder}/package.json: depends on ${name}, which the table does not allow`);
}

function fileProblems({ path, imports }: SourceFile, manifests: readonly Manifest[]): string[] {
  const manifest = manifests.find(({ folder }) => path.startsWith(`${folder}/`));
  if (manifest === undefined) return [];
  const allowed = new Set(ARROWS[manifest.folder]);
  return imports.flatMap((specifier) => {
    if (specifier.startsWith(".")) return relativeProblems(path, specifier, manifest);
    const name = packageOf(specifier);
    if (!manifests.some((other) => other.name === name)) return [];
    if (!allowed.has(specifier)) return [`${path}: imports ${specifier}, which the table does not allow`];
    return manifest.dependencies.includes(name)
      ? []
      : [`${path}: imports ${specifier}, which the manifest does not name`];
  });
}

function relativeProblems(path: string, specifier: string, { folder, name }: Manifest): string[] {
  const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
  if (!target.startsWith(`${folder}/`)) return [`${path}: imports ${specifier} outside its own package`];
  return name === "aauth" ? layerProblems(path, target, folder) : [];
}

function layerProblems(path: string, target: string, folder: string): string[] {
  const from = placeOf(path, `${folder}/src/`);
  const to = placeOf(target, `${folder}/src/`);
  if (from === undefined) return [`${path}: belongs to no layer of aauth`];
  if (to === undefined) return [`${path}: imports ${target}, which belongs to no layer of aauth`];
  if (from.place === to.place || to.layer < from.layer || from.layer === 0) {
    return from.layer === 0 && to.layer > 0 ? [`${path}: imports ${to.place} from a higher layer`] : [];
  }
  return [
    `${path}: ${from.place} imports ${to.place}, which is ${to.layer === from.layer ? "beside" : "above"} it`,
  ];
}

function placeOf(path: string, source: string): { layer: number; place: string } | undefined {
  const inside = path.slice(source.length);
  for (const place of [inside, inside.split("/", 1)[0]!]) {
    const layer = AAUTH_LAYERS.findIndex((places) => places.includes(place));
    if (layer >= 0) return { layer, place };
  }
  return undefined;
}

function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0]!;
}

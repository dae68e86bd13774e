import { Fold } from "../components/fold.tsx";
import { ScrollBox } from "../components/scroll-box.tsx";

/** The program of the README. */
export const PROGRAM = `import { generateSigningKey } from "aauth";
import { protect } from "aauth/fetch";
import { createResource } from "aauth/resource";

const key = await generateSigningKey({ kid: "reports-1" });
const resource = createResource({ resource: "https://reports.example", key, personServers: ["https://ps.example"] });
const level = "person-token";
export default { fetch: protect(resource, { level }, (_, { person }) => new Response(\`Reports of \${person.sub}\`)) };`;

/** A resource to begin with, and where the guide is. */
export function BuildYours() {
  return (
    <Fold title="Build yours" aside={`${PROGRAM.split("\n").length} lines`}>
      <p className="note">
        A resource that takes calls from agents of known persons, and no bearer token. Complete programs are
        in <code>docs/guide.md</code> in the folder of the demo.
      </p>
      <ScrollBox label="Program" kind="code">
        <pre>{PROGRAM}</pre>
      </ScrollBox>
    </Fold>
  );
}

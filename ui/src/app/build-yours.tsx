import { CopyButton } from "../components/copy-button.tsx";
import { Fold } from "../components/fold.tsx";
import { ScrollBox } from "../components/scroll-box.tsx";
import text from "./first-resource.txt?raw";

/** The program from the README. */
export const PROGRAM = text.trimEnd();

/** Commands of the package's README: it is on no registry yet. */
export const INSTALL = `# in the folder of the demo
mkdir -p /tmp/tarballs && npm pack --pack-destination /tmp/tarballs ./packages/aauth
# in yours
npm install /tmp/tarballs/aauth-0.1.0.tgz`;

/** Path of the guide in the build. */
export const GUIDE = "/guide.html";

/** A resource to begin with, and the guide. */
export function BuildYours() {
  return (
    <Fold title="Build yours" aside={`${PROGRAM.split("\n").length} lines`}>
      <p className="note">
        A resource in draft -11, today’s protocol. It accepts agents of known people, and no bearer tokens.{" "}
        <a href={GUIDE}>The guide</a> has complete programs: agents, resources and person servers.
      </p>
      <Program label="Install" code={INSTALL} />
      <Program label="Program" code={PROGRAM} />
    </Fold>
  );
}

function Program({ label, code }: { label: string; code: string }) {
  return (
    <section aria-label={label}>
      <div className="line ends small">
        {label}
        <CopyButton text={code} what={label.toLowerCase()} />
      </div>
      <ScrollBox label={label} kind="code">
        <pre>{code}</pre>
      </ScrollBox>
    </section>
  );
}

import { sectionLinks } from "aauth-explain/run";
import { useRef, useState } from "react";
import { SectionText } from "./section-text.tsx";

/**
 * Links to the sections of the RFC, draft -11 or the wire profile that require a check. Profile
 * sections open on the page.
 */
export function SectionLinks({ section }: { section: string }) {
  const [open, setOpen] = useState<string | undefined>(undefined);
  const opener = useRef<HTMLButtonElement>(null);
  return (
    <span className="chips small">
      {sectionLinks(section).map((link) =>
        link.kind !== "profile" ? (
          <a key={link.text} href={link.url} target="_blank" rel="noreferrer noopener">
            {link.text}
          </a>
        ) : (
          <button
            key={link.text}
            type="button"
            className="text-button"
            onClick={({ currentTarget }) => {
              opener.current = currentTarget;
              setOpen(link.section);
            }}
          >
            {link.text}
          </button>
        ),
      )}
      {open !== undefined && (
        <SectionText
          section={open}
          onClose={() => {
            setOpen(undefined);
            opener.current?.focus();
          }}
        />
      )}
    </span>
  );
}

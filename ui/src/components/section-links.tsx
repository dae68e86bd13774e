import { sectionLinks } from "aauth-explain/run";
import { type ComponentType, createContext, useContext, useRef, useState } from "react";

/**
 * Shows a section of the wire profile until it is closed. A page without it names the sections
 * only.
 */
export const SectionReader = createContext<
  ComponentType<{ section: string; onClose: () => void }> | undefined
>(undefined);

/**
 * Links to the sections of the RFC, draft -11 or the wire profile that require a check. Profile
 * sections open on the page.
 */
export function SectionLinks({ section }: { section: string }) {
  const [open, setOpen] = useState<string | undefined>(undefined);
  const opener = useRef<HTMLButtonElement>(null);
  const Reader = useContext(SectionReader);
  return (
    <span className="chips small">
      {sectionLinks(section).map((link) =>
        link.kind !== "profile" ? (
          <a key={link.text} href={link.url} target="_blank" rel="noreferrer noopener">
            {link.text}
          </a>
        ) : Reader === undefined ? (
          <span key={link.text}>{link.text}</span>
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
      {open !== undefined && Reader && (
        <Reader
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

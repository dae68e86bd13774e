import type { ReactNode } from "react";

/**
 * Line icons at the size of the surrounding text. Decorative: the adjacent control has the
 * accessible name.
 */
function icon(children: ReactNode) {
  return (
    <svg
      viewBox="0 0 20 20"
      width="1.15em"
      height="1.15em"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const SunIcon = () =>
  icon(
    <>
      <circle cx="10" cy="10" r="3.4" />
      <path d="M10 2v1.8M10 16.2V18M2 10h1.8M16.2 10H18M4.3 4.3l1.3 1.3M14.4 14.4l1.3 1.3M15.7 4.3l-1.3 1.3M5.6 14.4l-1.3 1.3" />
    </>,
  );
export const MoonIcon = () => icon(<path d="M16.5 12.3A7 7 0 0 1 7.7 3.5a7 7 0 1 0 8.8 8.8Z" />);
export const KeyIcon = () =>
  icon(
    <>
      <circle cx="6.6" cy="13.4" r="3.6" />
      <path d="m9.2 10.8 7.3-7.3M13.6 6.4l2.2 2.2" />
    </>,
  );
export const SignOutIcon = () => icon(<path d="M8 3.5H4.5v13H8M12.5 6.5 16 10l-3.5 3.5M16 10H8" />);
export const CrossIcon = () => icon(<path d="m5.5 5.5 9 9M14.5 5.5l-9 9" />);
export const PlusIcon = () => icon(<path d="M10 4.5v11M4.5 10h11" />);

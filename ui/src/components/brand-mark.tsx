/** The triangle of the favicon: three parties, every side signed. */
export function BrandMark() {
  return (
    <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0b5d4d" />
      <path
        d="M8 21.5 16 8l8 13.5"
        fill="none"
        stroke="#fff"
        strokeWidth="2.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <path d="M11.6 21.5h8.8" stroke="#7fd6c0" strokeWidth="2.4" strokeLinecap="round" />
    </svg>
  );
}

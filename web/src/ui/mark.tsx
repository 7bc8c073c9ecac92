// The mark: an h that enters and leaves as a thread.

import { useLanguage } from "../i18n/language";

export function Mark() {
  const { say } = useLanguage();
  return (
    <svg className="mark" viewBox="0 0 36 36" role="img" aria-label={say("hilo")}>
      <path d="M11 6v16.500c0 3.500 0 5-2.500 5.500-2 .4-3.500.2-5.500-.8" />
      <path d="M11 19.500c0-4.200 2.600-6.700 6.200-6.700s5.800 2.500 5.800 6.200v4.300c0 3 1.500 4.900 4.300 4.900 2.100 0 3.700-.7 5.700-2.200" />
      <circle cx="11" cy="6" r="1" />
    </svg>
  );
}

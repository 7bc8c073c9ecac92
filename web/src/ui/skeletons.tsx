// The shape of what is on its way. It shows after a moment only: what comes at once needs no promise.

import { useLanguage } from "../i18n/language";

export function Skeletons({ count, look = "" }: { count: number; look?: string }) {
  const { say } = useLanguage();
  return (
    <div className={`skeletons ${look}`} aria-busy="true">
      <span className="unseen">{say("loading")}</span>
      {Array.from({ length: count }, (_, at) => <i key={at} />)}
    </div>
  );
}

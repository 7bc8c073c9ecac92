// The word as one thread: question, decision, answer. Where something is away, the thread says so in its own signs:
// drawn where it holds, basted (dashed) where it will go on, loose (dotted) where nobody knows.

import { useLanguage } from "../i18n/language";

export type Strain = "taut" | "basted" | "loose";

/** How the three parts of the word hold: up to the decision, up to the answer, and the knot of the answer itself. */
export type Hold = { question: Strain; decision: Strain; answer: Strain };

const UP_TO_THE_DECISION = "M-60 300C0 300 62 296 92 232C118 178 150 110 146 78C143 54 116 62 110 104C104 150 102 240 101 300C102 250 128 206 163 206C192 206 195 234 193 262C191 286 199 300 218 300C244 300 258 252 266 208";
const UP_TO_THE_ANSWER = "M266 208C263 240 261 258 261 276C261 292 271 300 286 300C318 300 352 182 354 116C355 72 326 66 318 112C310 158 308 240 313 276C316 294 328 300 342 300C366 300 378 284 380 254C381 224 398 205 420 205C444 205 458 228 458 254C458 281 443 301 420 301C397 301 381 280 381 254C381 224 400 204 426 207C452 210 462 224 492 224";

export function Weave({ hold }: { hold: Hold }) {
  const { say } = useLanguage();
  return (
    <section className="art" aria-hidden="true">
      <svg viewBox="0 0 920 900" preserveAspectRatio="xMinYMid slice">
        <path className="strand taut" d="M-40 478H-8" />
        <g transform="translate(66 106) scale(1.24)">
          <path className={`strand ${hold.question}`} d={UP_TO_THE_DECISION} />
          <path className={`strand ${hold.decision}`} d={UP_TO_THE_ANSWER} />
          <path className={`strand ${hold.answer}`} d="M492 224H560" />
          <rect className={`knot ${hold.decision}`} x="259" y="158" width="15" height="15" rx="2" transform="rotate(45 266.500 165.500)" />
        </g>
        <path className="strand basted" d="M760 384H930" />
        <circle className="knot" cx="30" cy="478" r="7" />
        <circle className={`knot full ${hold.answer}`} cx="760" cy="384" r="7" />
        <text x="18" y="508">{say("thread.question")}</text>
        <text x="372" y="276">{say("thread.decision")}</text>
        <text x="728" y="360">{say("thread.answer")}</text>
      </svg>
      <div className="caption">
        <p>{say("thread.promise")}</p>
        <span>{say("thread.proof")}</span>
      </div>
    </section>
  );
}

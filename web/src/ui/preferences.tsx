// The two choices that every page offers: language and theme.

import { type ChangeEvent, useState } from "react";

import { useLanguage } from "../i18n/language";
import { type Key, type Language, languages } from "../i18n/messages";
import { Icon, type IconName } from "./icon";
import { chooseTheme, rememberedTheme, type Theme, themes } from "./theme";

const languageNames: Record<Language, Key> = { es: "language.es", en: "language.en", pt: "language.pt" };

const themeLooks: Record<Theme, { name: Key; icon: IconName }> = {
  auto: { name: "theme.auto", icon: "system" },
  light: { name: "theme.light", icon: "sun" },
  dark: { name: "theme.dark", icon: "moon" },
};

export function Preferences() {
  return <div className="preferences"><LanguageChoice /><ThemeChoice /></div>;
}

function LanguageChoice() {
  const { language, choose, say } = useLanguage();
  const change = (event: ChangeEvent<HTMLSelectElement>) => {
    const wanted = languages.find((one) => one === event.target.value);
    if (wanted) choose(wanted);
  };
  return (
    <span className="select">
      <Icon name="globe" />
      <select aria-label={say("language")} value={language} onChange={change}>
        {languages.map((one) => <option key={one} value={one} lang={one}>{say(languageNames[one])}</option>)}
      </select>
      <Icon name="chevron" size={14} />
    </span>
  );
}

function ThemeChoice() {
  const { say } = useLanguage();
  const [theme, setTheme] = useState(rememberedTheme);
  const change = (wanted: Theme) => {
    chooseTheme(wanted);
    setTheme(wanted);
  };
  return (
    <fieldset className="segments">
      <legend className="unseen">{say("theme")}</legend>
      {themes.map((one) => (
        <label key={one}>
          <input type="radio" name="theme" value={one} checked={one === theme} onChange={() => { change(one); }} />
          <span><Icon name={themeLooks[one].icon} size={14} />{say(themeLooks[one].name)}</span>
        </label>
      ))}
    </fieldset>
  );
}

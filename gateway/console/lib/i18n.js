// Localization: texts, plurals, numbers and dates.

import { TEXTS } from "../texts.js";
import { h } from "./dom.js";

export const LANGUAGES = { en: "English", de: "Deutsch" };

const STORED = "ofself.language";
let language = initial();
const changed = new Set();

function initial() {
  const known = (tag) => Object.keys(LANGUAGES).find((code) => tag?.toLowerCase().startsWith(code));
  return known(stored()) ?? navigator.languages.map(known).find(Boolean) ?? "en";
}

function stored() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null; // Storage is blocked.
  }
}

export const currentLanguage = () => language;

/** Changes the language; the choice is remembered by the browser. */
export function setLanguage(code) {
  language = code;
  try {
    localStorage.setItem(STORED, code);
  } catch {
    // Not persisted.
  }
  for (const listener of changed) listener();
}

export const onLanguageChange = (listener) => changed.add(listener);

/** The text of a key. `{name}` is replaced by `values.name`; `values.count` selects between `key.one` and `key.other`. */
export function t(key, values = {}) {
  return pattern(key, values).replace(/\{(\w+)\}/g, (_, name) => written(values[name]));
}

/** The same as DOM nodes, for values that are elements. */
export function nodes(key, values = {}) {
  return pattern(key, values)
    .split(/\{(\w+)\}/)
    .map((part, index) => {
      if (index % 2 === 0) return part;
      const value = values[part];
      return value instanceof Node ? value : written(value);
    });
}

/** Whether there is a text. */
export const has = (key) => key in TEXTS;

function pattern(key, values) {
  const form = typeof values.count === "number" ? `${key}.${new Intl.PluralRules(language).select(values.count)}` : key;
  const text = TEXTS[form] ?? TEXTS[`${key}.other`] ?? TEXTS[key];
  if (!text) throw new Error(`there is no text \`${key}\``);
  return text[language];
}

function written(value) {
  return typeof value === "number" ? new Intl.NumberFormat(language).format(value) : String(value ?? "");
}

/** "a, b and c", or with `disjunction` "a, b or c". */
export function list(words, type = "conjunction") {
  return new Intl.ListFormat(language, { type }).format(words);
}

/** A day: "12 March 2027". */
export const day = (time) => new Intl.DateTimeFormat(language, { dateStyle: "long" }).format(new Date(time));

/** A day and a time. */
export const moment = (time) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));

/** The hour of a time. */
export const hour = (time) => new Intl.DateTimeFormat(language, { timeStyle: "short" }).format(new Date(time));

/** A local day as date fields have it. */
export function localDay(time) {
  const date = new Date(time);
  const two = (number) => String(number).padStart(2, "0");
  return `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A local date and time of a field as the API has it; null if it is none, or after the year 9999. */
export function timeOf(local) {
  const date = new Date(local);
  return Number.isNaN(date.getTime()) || date.getFullYear() > 9999 ? null : date.toISOString();
}

const UNITS = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** A relative time: "3 days ago", "in 2 months". */
export function relative(time, now = Date.now()) {
  const seconds = (new Date(time).getTime() - now) / 1000;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "always" });
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  }
  return t("time.now");
}

/** A relative time, with the exact time as its tooltip. */
export const timeElement = (time) => h("time", { datetime: time, title: moment(time) }, relative(time));

/** A text in the quotation marks of the language. */
export const quoted = (text) => (language === "de" ? `„${text}“` : `“${text}”`);

const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
const FIELD = /\b(?:[a-z]+_[a-z_]+)(?:\.[a-z_]+)?\b/g;

/**
 * An English sentence of the server. `nameOf` resolves ids in backticks to names; times and names of profile fields are localized.
 */
export function serverText(text, nameOf = (id) => id) {
  const plain = (part) =>
    part
      .replace(TIME, (time) => moment(time))
      .replace(FIELD, (field) => (has(`field.${field}`) ? `${quoted(t(`field.${field}`))}` : field));
  const parts = text.split("`").map((part, index) => (index % 2 ? h("code", {}, nameOf(part)) : plain(part)));
  return h("span", { lang: language === "en" ? null : "en" }, parts);
}

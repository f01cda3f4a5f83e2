// The pages of the settings, in the order of their list. A feature that has settings of its own adds its page here: a view
// that shows the page's content under its title. All settings are loaded when they are first opened.

import type { ComponentType } from "preact";
import type { SignIn } from "../account/model";
import type { IconName } from "../look/icon";
import type { Account } from "../matrix/account";
import { NotificationsPage } from "../notify/view";
import { words as notify } from "../notify/words";
import { AboutPage } from "./about";
import { AppearancePage, LanguagePage } from "./appearance";
import { DevicesPage } from "./devices";
import { PasswordPage } from "./password";
import { words } from "./words";

export interface PageProps {
  account: Account;
  signIn: SignIn;
}

export interface Page {
  /** Its part of the address: /settings/<id>. */
  id: string;
  icon: IconName;
  /** A function, since the language may change. */
  title: () => string;
  View: ComponentType<PageProps>;
}

const say = words.pages;

export const pages: readonly Page[] = [
  { id: "appearance", icon: "appearance", title: () => say.appearance, View: AppearancePage },
  { id: "notifications", icon: "bell", title: () => notify.title, View: NotificationsPage },
  { id: "language", icon: "globe", title: () => say.language, View: LanguagePage },
  { id: "devices", icon: "desktop", title: () => say.devices, View: DevicesPage },
  { id: "password", icon: "key", title: () => say.password, View: PasswordPage },
  { id: "about", icon: "info", title: () => say.about, View: AboutPage },
];

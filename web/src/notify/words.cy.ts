import type { Words } from "../words/catalogue";
import type { words } from "./words";

export default {
  title: "Hysbysiadau",

  device: {
    title: "Ar y ddyfais hon",
    label: "Rhoi gwybod i mi am negeseuon newydd pan fydd Wardline ar gau",
    hint: "Mae hysbysiad yn dweud “Neges newydd” a dim arall. Nid oes unrhyw enwau na thestun yn gadael yr ymddiriedolaeth.",
    unsupported: "Ni all y porwr hwn ddangos hysbysiadau pan fydd Wardline ar gau. Defnyddiwch fersiwn cyfredol o Chrome, Edge, Firefox neu Safari.",
    homeScreen: "Ar iPhone neu iPad, mae hysbysiadau’n gweithio unwaith y bydd Wardline ar y sgrin gartref. Pwyswch Rhannu, dewiswch “Ychwanegu at y Sgrin Gartref”, a’i agor oddi yno.",
    blocked: "Mae hysbysiadau gan Wardline wedi’u rhwystro yn y porwr hwn. Caniatewch nhw yng ngosodiadau’r porwr ar gyfer y wefan hon, yna dewch yn ôl yma.",
    service: "Ni allai’r porwr gyrraedd ei wasanaeth hysbysu. Gwiriwch y cysylltiad, yna rhowch gynnig arall arni. Ar gyfrifiadur yr ymddiriedolaeth gall fod wedi’i ddiffodd: gofynnwch i’ch desg gwasanaeth TG.",
    server: "Ni weithiodd hynny. Gwiriwch eich cysylltiad, yna rhowch gynnig arall arni.",
  },

  sound: {
    title: "Sain",
    label: "Gwneud sain ar y ddyfais hon",
    hint: "Ar gyfer negeseuon mewn sgyrsiau nad ydych yn edrych arnynt.",
    play: "Chwarae’r sain",
    silent: "Nid yw’r porwr yn gadael i Wardline wneud sain ar hyn o bryd. Pwyswch y botwm unwaith eto.",
  },

  quiet: {
    title: "Oriau tawel",
    label: "Peidio â tharfu arnaf ar oriau penodol",
    hint: "Mae negeseuon yn dal i gyrraedd, ac maent yno pan edrychwch. Mae hyn yn berthnasol ar bob un o’ch dyfeisiau.",
    from: "O",
    to: "Hyd",
    days: "Ar y dyddiau hyn",
    daysHint: "Y diwrnod y mae’r oriau tawel yn dechrau. Mae dewis dim un yn golygu bob dydd.",
    zone: (zone) => `Yn ôl cloc ${zone}.`,
    same: "Dewiswch ddau amser gwahanol",
    failed: "Ni ellid cadw’r oriau tawel. Gwiriwch eich cysylltiad, yna rhowch gynnig arall arni.",
    saved: "Cadwyd",
  },

  level: {
    title: "Sgyrsiau",
    hint: "Dewiswch ar gyfer sgwrs a ydych am gael gwybod am bopeth, am grybwylliadau ohonoch, neu am ddim byd.",
    find: "Dod o hyd i sgwrs",
    none: "Mae pob sgwrs yn rhoi gwybod i chi am bopeth. Dewch o hyd i un uchod i newid hynny.",
    noMatch: "Nid oes gan unrhyw sgwrs yr enw hwn.",
    more: (count) => `${count} arall. Teipiwch fwy o’r enw i ddod o hyd iddynt.`,
    label: (name) => `Hysbysiadau o ${name}`,
    legend: "Rhoi gwybod i mi am",
    all: "Pob neges",
    mentions: "Crybwylliadau ohonof",
    nothing: "Dim byd",
    failed: "Ni ellid cadw hynny. Gwiriwch eich cysylltiad, yna rhowch gynnig arall arni.",
  },

  check: {
    title: "A fyddai’r ddyfais hon yn canu?",
    hint: "Mae hyn yn gwirio pob cam rhwng y gweinydd a chi, ac yn anfon hysbysiad prawf i’r ddyfais hon.",
    start: "Gwirio’r ddyfais hon",
    again: "Gwirio eto",
    running: "Wrthi’n gwirio…",
    good: "Byddai. Mae’r ddyfais hon yn cael gwybod am negeseuon.",
    bad: "Na fyddai. Ni fyddai’r ddyfais hon yn canu.",
    yes: "Do",
    no: "Naddo",
    state: { waiting: "Heb ei wirio eto", running: "Wrthi’n gwirio", good: "Yn gweithio", bad: "Ddim yn gweithio", asked: "Dywedwch wrthym" },
    step: {
      browser: "Gall y porwr ddangos hysbysiadau",
      permission: "Rydych wedi caniatáu hysbysiadau",
      worker: "Mae Wardline yn rhedeg yn y cefndir",
      subscription: "Mae’r ddyfais hon wedi’i chofrestru ar gyfer hysbysiadau",
      server: "Mae’r gweinydd yn cyrraedd y gwasanaeth hysbysu",
      arrival: "Cyrhaeddodd yr hysbysiad prawf",
      seen: "A welsoch chi’r hysbysiad prawf?",
      heard: "A glywsoch chi’r sain?",
    },
    took: (seconds) => `Cymerodd ${seconds} eiliad.`,
  },

  why: {
    noPush: "Ni all y porwr hwn ddangos hysbysiadau pan fydd Wardline ar gau. Defnyddiwch fersiwn cyfredol o Chrome, Edge, Firefox neu Safari.",
    homeScreen: "Rhowch Wardline ar y sgrin gartref yn gyntaf: pwyswch Rhannu, dewiswch “Ychwanegu at y Sgrin Gartref”, a’i agor oddi yno.",
    blocked: "Maent wedi’u rhwystro yn y porwr hwn. Caniatewch nhw yng ngosodiadau’r porwr ar gyfer y wefan hon, yna gwiriwch eto.",
    notAsked: "Trowch hysbysiadau ymlaen ar frig y dudalen hon, yna gwiriwch eto.",
    noWorker: "Caewch bob ffenestr Wardline, agorwch Wardline eto, yna gwiriwch eto.",
    notSubscribed: "Trowch hysbysiadau ymlaen ar frig y dudalen hon, yna gwiriwch eto.",
    notListed: "Nid yw’r gweinydd yn adnabod y ddyfais hon. Trowch hysbysiadau i ffwrdd ac ymlaen eto ar frig y dudalen hon.",
    offline: "Nid oes cysylltiad â’r gweinydd. Gwiriwch y rhwydwaith, yna gwiriwch eto.",
    gone: "Mae’r cofrestriad wedi dod i ben. Trowch hysbysiadau i ffwrdd ac ymlaen eto ar frig y dudalen hon.",
    refused: "Ni dderbyniodd y gwasanaeth hysbysu’r prawf. Rhowch gynnig arall arni ymhen ychydig funudau, a dywedwch wrth eich desg gwasanaeth TG os yw’n parhau.",
    unreachable: "Ni all y gweinydd gyrraedd y gwasanaeth hysbysu. Dywedwch wrth eich desg gwasanaeth TG: gall mur gwarchod yr ymddiriedolaeth fod yn y ffordd.",
    notArrived: "Derbyniodd y gwasanaeth hysbysu’r prawf, ond ni chyrhaeddodd y ddyfais hon o fewn 20 eiliad. Gwiriwch y rhwydwaith, ac nad yw arbed batri’n atal y porwr.",
    notSeen: "Cyrhaeddodd yr hysbysiad y ddyfais hon, ond fe’i daliodd yn ôl.",
    notHeard: "Chwaraewyd y sain. Trowch y sain i fyny, a gwiriwch nad yw’r ddyfais yn dawel.",
    noSound: "Nid yw’r porwr yn gadael i Wardline wneud sain. Pwyswch unrhyw le ar y dudalen, yna gwiriwch eto.",
  },

  keptBack: {
    windows: "Gwiriwch fod “Peidiwch â tharfu” wedi’i ddiffodd (Gosodiadau, System, Hysbysiadau), ac y caiff y porwr ddangos hysbysiadau yno.",
    mac: "Gwiriwch nad oes Ffocws ymlaen (Canolfan Reoli), ac y caiff y porwr ddangos hysbysiadau (Gosodiadau’r System, Hysbysiadau).",
    android: "Gwiriwch fod “Peidiwch â tharfu” wedi’i ddiffodd, ac y caiff y porwr ddangos hysbysiadau (Gosodiadau, Apiau, y porwr, Hysbysiadau).",
    apple: "Gwiriwch nad oes Ffocws ymlaen (Canolfan Reoli), ac y caiff Wardline ddangos hysbysiadau (Gosodiadau, Hysbysiadau, Wardline).",
    other: "Gwiriwch fod “peidiwch â tharfu” wedi’i ddiffodd yng ngosodiadau’r ddyfais hon, ac y caiff y porwr ddangos hysbysiadau.",
  },
} satisfies Words<typeof words>;

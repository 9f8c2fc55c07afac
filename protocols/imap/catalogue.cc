#include "protocols/imap/catalogue.h"

#include <algorithm>
#include <array>

namespace waxwing::imap {
namespace {

struct Translation {
  std::string_view text;
  std::string_view german;
};

// A text that is changed where it is said has to be changed here: a test compares them.
constexpr auto kTranslations = std::to_array<Translation>({
    // What was done.
    {"Annotated", "Vermerkt"},
    {"Appended", "Abgelegt"},
    {"Begin TLS now", "TLS kann jetzt beginnen"},
    {"Changed", "Geändert"},
    {"Checked", "Geprüft"},
    {"Closed", "Geschlossen"},
    {"Closed, and nothing expunged", "Geschlossen, und nichts endgültig gelöscht"},
    {"Copied", "Kopiert"},
    {"Created", "Angelegt"},
    {"DEFLATE active", "DEFLATE ist aktiv"},
    {"Deleted", "Gelöscht"},
    {"Enabled", "Eingeschaltet"},
    {"Expunged", "Endgültig gelöscht"},
    {"Moved", "Verschoben"},
    {"No longer idling", "Das Warten ist beendet"},
    {"Nothing done", "Nichts getan"},
    {"Opened", "Geöffnet"},
    {"Opened for reading", "Nur zum Lesen geöffnet"},
    {"Pleased to meet you", "Angenehm"},
    {"Renamed", "Umbenannt"},
    {"Replaced", "Ersetzt"},
    {"Searched", "Gesucht"},
    {"Set", "Gesetzt"},
    {"Signed in", "Angemeldet"},
    {"Signed out", "Abgemeldet"},
    {"Sorted", "Sortiert"},
    {"Stored", "Gespeichert"},
    {"Subscribed", "Abonniert"},
    {"Texts are compared so", "So werden Texte verglichen"},
    {"That is all", "Das ist alles"},
    {"That is the language now", "Das ist nun die Sprache"},
    {"Threaded", "Nach Unterhaltungen geordnet"},
    {"Unsubscribed", "Abbestellt"},

    // Signing in.
    {"Cancelled", "Abgebrochen"},
    {"Sign in first", "Bitte zuerst anmelden"},
    {"Start TLS first: a password would be readable",
     "Bitte zuerst TLS beginnen: Ein Passwort wäre lesbar"},
    {"TLS is active already", "TLS ist schon aktiv"},
    {"The client's message makes no sense", "Die Nachricht des Programms ist unverständlich"},
    {"There is no TLS here", "Hier gibt es kein TLS"},
    {"This mechanism is not offered", "Dieses Verfahren wird nicht angeboten"},
    {"Too many failed attempts to sign in", "Zu viele misslungene Anmeldungen"},
    {"User name or password is wrong", "Benutzername oder Passwort ist falsch"},
    {"Your mailboxes are on another server", "Ihre Postfächer sind auf einem anderen Server"},
    {"Your own mailboxes are on another server",
     "Ihre eigenen Postfächer sind auf einem anderen Server"},
    {"You are signed in already", "Sie sind schon angemeldet"},

    // What the world refuses.
    {"A mailbox cannot be made for that use",
     "Für diesen Zweck kann kein Postfach angelegt werden"},
    {"Internal error", "Interner Fehler"},
    {"It can only be read at the moment", "Zur Zeit kann es nur gelesen werden"},
    {"Not now, try again later", "Jetzt nicht, bitte später noch einmal versuchen"},
    {"Only an administrator annotates the server for all",
     "Nur wer die Domain verwaltet, darf für alle etwas vermerken"},
    {"That cannot be done", "Das geht nicht"},
    {"That is more than the server allows", "Das ist mehr, als der Server erlaubt"},
    {"That is not allowed", "Das ist nicht erlaubt"},
    {"That is too much at once: ask for less",
     "Das ist zu viel auf einmal: bitte weniger verlangen"},
    {"That is too much for one command", "Das ist zu viel für einen Befehl"},
    {"The account is full", "Das Konto ist voll"},
    {"The mailbox has gone", "Das Postfach gibt es nicht mehr"},
    {"The mailbox has too many annotations", "Das Postfach hat zu viele Vermerke"},
    {"The mailbox is open for reading", "Das Postfach ist nur zum Lesen geöffnet"},
    {"The message has been expunged", "Die Nachricht ist endgültig gelöscht"},
    {"The message is too large", "Die Nachricht ist zu groß"},
    {"The messages have been expunged", "Die Nachrichten sind endgültig gelöscht"},
    {"The name is taken", "Der Name ist vergeben"},
    {"The owner has all rights, always", "Der Eigentümer hat immer alle Rechte"},
    {"The server has no space left", "Der Server hat keinen Platz mehr"},
    {"The stored data is damaged", "Die gespeicherten Daten sind beschädigt"},
    {"The value is too long", "Der Wert ist zu lang"},
    {"There are too many subscriptions", "Es sind zu viele Abonnements"},
    {"There is no such filter", "Diesen Filter gibt es nicht"},
    {"There is no such mailbox", "Dieses Postfach gibt es nicht"},
    {"There is no such message", "Diese Nachricht gibt es nicht"},
    {"There is no such quota root", "Diese Begrenzung gibt es nicht"},
    {"There is no such special use", "Diesen Verwendungszweck gibt es nicht"},
    {"There were no such messages", "Solche Nachrichten gab es nicht"},
    {"Some have been changed since", "Einige wurden inzwischen geändert"},
    {"Some messages have been expunged", "Einige Nachrichten sind endgültig gelöscht"},
    {"Some values are longer", "Einige Werte sind länger"},

    // What is wrong with a command.
    {"No mailbox is selected", "Es ist kein Postfach ausgewählt"},
    {"That language is not spoken here", "Diese Sprache wird hier nicht gesprochen"},
    {"The charset is not known here", "Dieser Zeichensatz ist hier unbekannt"},
    {"There is no message of that number", "Eine Nachricht dieser Nummer gibt es nicht"},
    {"Unknown command", "Unbekannter Befehl"},

    // What is said without being asked.
    {"Goodbye", "Auf Wiedersehen"},
    {"Still at it", "Noch dabei"},
    {"Still here", "Noch da"},
    {"The selected mailbox is deleted, or no longer yours to see",
     "Das ausgewählte Postfach wurde gelöscht oder ist nicht mehr für Sie freigegeben"},
    {"The server is busy, try again later",
     "Der Server ist überlastet, bitte später noch einmal versuchen"},
    {"Too many errors", "Zu viele Fehler"},
    {"You have been silent for too long", "Sie haben sich zu lange nicht gemeldet"},
});

}  // namespace

std::optional<std::string_view> in_german(std::string_view text) {
  const auto* found = std::ranges::find(kTranslations, text, &Translation::text);
  if (found == kTranslations.end()) return std::nullopt;
  return found->german;
}

}  // namespace waxwing::imap

package language

import (
	"strings"
	"unicode/utf8"
)

// compoundWords is how one language joins words: what stands first in a compound, and what only looks like it. A stem of
// the language that begins with one of first, and goes on for at least leastRest characters, is also about that word and
// about the rest. Stems that begin with one of whole are left alone.
type compoundWords struct {
	language string // first part of the BCP 47 tag
	first    string // parted by spaces; with "=word" where the word it stands for is written differently
	whole    string
}

// leastRest is the length of a rest that is a word: most that are shorter are endings.
const leastRest = 3

// compoundTables holds the languages whose compounds are taken apart. To add one, add an entry. It was measured beside
// splitting by the words of the collection and beside pieces of words: see articles/related/likeness.go.
var compoundTables = []compoundWords{
	{
		language: "ru",
		first: `авиа авто агро аэро вело видео водо=вода газо=газ гидро горно=горы железно=железо зерно=зерно кибер кино
			ледо=лед лесо=лес медиа метео метро мото мульти мусоро=мусор нарко нефте=нефть паро=пар радио рыбо=рыба свино=свинья
			сельхоз снего=снег спорт судо=судно теле тепло=тепло троллей трубо=труба турбо угле=уголь фото хлебо=хлеб электро
			энерго`,
		whole: `автограф автомат автоном автор газон горностай киберне киноло медиан медиат метеор метрон метрополи мотор паром
			парол радиол спортив спортс судорог телег тележ телен телеск телефон теплоход фотон электрон`,
	},
	{
		language: "en",
		first: `book bridge cyber farm film fire flood hospital library market motor news rail river road school ship snow steel
			storm tram water wind work`,
		whole: `firearm marketplac motorist newslett shipment window windsor`,
	},
}

type compoundTable struct {
	first []string
	words []string // that they stand for
	whole []string
}

var compounds = readCompounds()

func readCompounds() map[string]compoundTable {
	tables := map[string]compoundTable{}
	for _, c := range compoundTables {
		table := compoundTable{whole: strings.Fields(c.whole)}
		for _, entry := range strings.Fields(c.first) {
			first, word, differs := strings.Cut(entry, "=")
			if !differs {
				word = first
			}
			table.first, table.words = append(table.first, first), append(table.words, word)
		}
		tables[c.language] = table
	}
	return tables
}

// compound takes a stem apart: "кинокластер" is "кино" and "кластер". One that is no compound has no parts.
func compound(lang, word string) []string {
	table := compounds[lang]
	for i, first := range table.first {
		rest, ok := strings.CutPrefix(word, first)
		if !ok || utf8.RuneCountInString(rest) < leastRest {
			continue
		}
		for _, whole := range table.whole {
			if strings.HasPrefix(word, whole) {
				return nil
			}
		}
		return []string{table.words[i], rest}
	}
	return nil
}

package language

// dateWords is how one language writes dates. Lower case; names that begin a sentence elsewhere are read all the same.
type dateWords struct {
	language   string     // first part of the BCP 47 tag
	date       string     // with {day}, {month} (the genitive) and {year}
	dateTime   string     // with {date} and {time}
	genitive   [12]string // as in "29 мая": how dates are written
	nominative [12]string // as in "май"
	short      [12]string // the usual abbreviation, without its full stop
	also       [12]string // further spellings that are read, parted by spaces
	year       []string   // words after the year, as "года"
	at         []string   // words before the time, as "в"
	on         []string   // words before a weekday or a date, as "в" of "в среду, 29 мая"
	of         []string   // words between day and month, as "of"
	days       []string   // weekdays before a date, long and short, also as they stand after on
}

// dateTables holds the languages that dates are written and read in. To add one, add an entry.
var dateTables = []dateWords{
	{
		language: "ru",
		date:     "{day} {month} {year}",
		dateTime: "{date}, {time}",
		genitive: [12]string{"января", "февраля", "марта", "апреля", "мая", "июня",
			"июля", "августа", "сентября", "октября", "ноября", "декабря"},
		nominative: [12]string{"январь", "февраль", "март", "апрель", "май", "июнь",
			"июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"},
		short: [12]string{"янв", "февр", "март", "апр", "май", "июнь",
			"июль", "авг", "сент", "окт", "нояб", "дек"},
		also: [12]string{1: "фев", 2: "мар", 5: "июн", 6: "июл", 8: "сен", 9: "октяб", 10: "ноя"},
		year: []string{"г", "г.", "год", "года"},
		at:   []string{"в"},
		on:   []string{"в", "во"},
		days: []string{"понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье",
			"среду", "пятницу", "субботу", "пн", "вт", "ср", "чт", "пт", "сб", "вс", "пон", "втор", "четв", "пятн", "субб", "воскр"},
	},
	{
		language: "en",
		date:     "{day} {month} {year}",
		dateTime: "{date}, {time}",
		genitive: [12]string{"January", "February", "March", "April", "May", "June",
			"July", "August", "September", "October", "November", "December"},
		nominative: [12]string{"January", "February", "March", "April", "May", "June",
			"July", "August", "September", "October", "November", "December"},
		short: [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
			"Jul", "Aug", "Sept", "Oct", "Nov", "Dec"},
		also: [12]string{8: "sep"},
		at:   []string{"at"},
		on:   []string{"on", "the"},
		of:   []string{"of"},
		days: []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
			"mon", "tue", "tues", "wed", "weds", "thu", "thur", "thurs", "fri", "sat", "sun"},
	},
}

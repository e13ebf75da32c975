package archive

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"candor"
	"candor/internal/query"
)

// kinOf tells what an item belongs together with. Pictures are alike by what
// they show and not by their captions, which a whole series can share.
func kinOf(it candor.Item, text string) query.Kin {
	k := query.Kin{Thread: threadOf(it)}
	if head := headOf(it); head != "" && (head != it.ID || len(it.Parts) > 0) {
		k.Family = query.NameHash(it.Collection + "/" + string(head))
	}
	if strings.HasPrefix(it.Type, "image/") {
		k.Picture, _ = query.ParsePicturePrint(it.Print)
		return k
	}
	k.Text = query.TextPrint(text)
	return k
}

// kinKeys are the filters by which what belongs to an item is found.
func kinKeys(k query.Kin) map[string]string {
	keys := map[string]string{}
	for _, fold := range query.Folds() {
		if key := k.Key(fold); key != "" {
			keys[fold] = key
		}
	}
	return keys
}

// headOf is the head of the family that an item's parts belong to; "" for a
// container, such as a zip or a mailbox: what it holds has nothing else in common.
func headOf(it candor.Item) candor.ItemID {
	if containers[it.Type] {
		return ""
	}
	return cmp.Or(it.Places[0].Head, it.ID)
}

var containers = map[string]bool{
	"application/zip": true, "application/x-tar": true, "application/gzip": true, "application/x-bzip2": true, "application/x-xz": true,
	"application/zstd": true, "application/x-7z-compressed": true, "application/vnd.rar": true, "application/mbox": true,
	"application/java-archive": true, "application/zlib": true, "application/x-lz4": true, "application/x-snappy-framed": true, "application/warc": true,
	"application/vnd.ms-outlook-pst": true,
}

// threadOf names a message's conversation: by the first message that it refers
// to, else by the one it answers, else by itself. A message without any of these
// names belongs to those of the same subject between the same people. This is
// what can be told of a message alone: a reply that names only the one before it
// (In-Reply-To without References, RFC 5322 3.6.4) may begin a thread of its own.
func threadOf(it candor.Item) uint64 {
	field := func(name string) string {
		i := slices.IndexFunc(it.Fields, func(f candor.Field) bool { return f.Name == name })
		if i < 0 {
			return ""
		}
		return it.Fields[i].Value
	}
	for _, name := range []string{"mail:References", "mail:In-Reply-To", "mail:Message-Id"} {
		if id := messageID.FindString(field(name)); id != "" {
			return query.NameHash(id)
		}
	}
	subject := bareSubject(field("mail:Subject"))
	if subject == "" || len(it.People) == 0 {
		return 0
	}
	people := make([]string, len(it.People))
	for i, p := range it.People {
		people[i] = addressOf(p)
	}
	slices.Sort(people)
	return query.NameHash(subject + "\n" + strings.Join(slices.Compact(people), "\n"))
}

var messageID = regexp.MustCompile(`<[^<>\s]+>`)

// answered is what mail programs of several languages put before a subject.
var answered = regexp.MustCompile(`(?i)^\s*(re|aw|sv|vs|ref|antw|odp|fw|fwd|wg|tr|rv|i|enc|doorst)(\[\d+\])?\s*:\s*`)

func bareSubject(s string) string {
	for {
		bare := answered.ReplaceAllString(s, "")
		if bare == s {
			return strings.ToLower(strings.Join(strings.Fields(s), " "))
		}
		s = bare
	}
}

// addressOf is the address of "Name <address>", in small letters.
func addressOf(person string) string {
	if i := strings.LastIndexByte(person, '<'); i >= 0 {
		person = strings.TrimSuffix(person[i+1:], ">")
	}
	return strings.ToLower(strings.TrimSpace(person))
}

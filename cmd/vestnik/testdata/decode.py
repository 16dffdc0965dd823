"""Prints what Python's email package decodes of a letter."""
import email, email.policy, json, sys

with open(sys.argv[1], "rb") as f:
    m = email.message_from_binary_file(f, policy=email.policy.default)
print(json.dumps({
    "Subject": str(m["subject"]), "From": str(m["from"].addresses[0].display_name) + " <" + m["from"].addresses[0].addr_spec + ">",
    "To": ", ".join((a.display_name + " <" + a.addr_spec + ">") if a.display_name else a.addr_spec for a in m["to"].addresses),
    "MessageID": str(m["message-id"]), "Type": m.get_content_type(),
    "Text": m.get_body(("plain",)).get_content(), "HTML": m.get_body(("html",)).get_content(),
}))

use super::*;

fn document(objects: &str) -> String {
    format!("<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\r\n{objects}</Objs>")
}

/// The lines of JSON, and the error they end with.
fn read(xml: &str) -> (Vec<String>, Option<String>) {
    let mut text = Vec::new();
    let error = Clixml::new(Box::new(Cursor::new(xml.as_bytes().to_vec()))).read_to_end(&mut text).err();
    let text = String::from_utf8(text).unwrap();
    (text.lines().map(str::to_owned).collect(), error.map(|e| e.to_string()))
}

#[test]
fn objects_become_what_convert_to_json_writes() {
    let xml = document(
        r#"<Obj RefId="0"><TN RefId="0"><T>Deserialized.Microsoft.Exchange.X</T><T>System.Object</T></TN>
        <ToString>Partner &lt;in&gt;</ToString><Props><S N="Name">a &amp; "b"_x000D__x000A__xD83D__xDE00__x005F_x</S>
        <B N="Enabled">true</B><U64 N="RuleIdentity">15394007230974001153</U64><Nil N="Comment" /><S N="Empty"></S>
        <TS N="Wait">-P1DT2H3M4.5S</TS><DT N="WhenChangedUTC">2026-03-04T10:09:55Z</DT><C N="Sign">65</C><Db N="Odd">NaN</Db>
        <Obj N="Type" RefId="1"><TN RefId="1"><T>Y</T></TN><ToString>Partner</ToString><I32>1</I32></Obj>
        <Obj N="SenderDomains" RefId="2"><TNRef RefId="1" /><LST><S>smtp:*;1</S><S>x</S></LST><Props><I32 N="Count">2</I32></Props></Obj>
        <Obj N="Id" RefId="3"><ToString>Microsoft.Exchange.Z</ToString><Props><S N="Guid">g</S></Props></Obj>
        <Obj N="Bag" RefId="4"><DCT><En><S N="Key">k</S><I32 N="Value">1</I32></En></DCT></Obj>
        <Ref N="Again" RefId="2" /><Ref N="Lost" RefId="99" /></Props><MS><S N="RunspaceId">r</S></MS></Obj>
        <Obj RefId="9"><LST><Obj><MS><I32 N="a">1</I32></MS></Obj><S>z</S></LST></Obj><S>plain</S><!-- no --><![CDATA[ ]]>"#,
    );
    let (lines, error) = read(&xml);
    assert_eq!(error, None);
    assert_eq!(
        lines,
        [
            r#"{"Name":"a & \"b\"\r\n😀_x","Enabled":true,"RuleIdentity":15394007230974001153,"Comment":null,"Empty":"","Wait":"-1.02:03:04.5","WhenChangedUTC":"2026-03-04T10:09:55Z","Sign":"A","Odd":"NaN","Type":"Partner","SenderDomains":["smtp:*;1","x"],"Id":{"Guid":"g"},"Bag":{"k":1},"Again":["smtp:*;1","x"],"Lost":"System.Object[]","RunspaceId":"r"}"#,
            r#"[{"a":1},"z"]"#,
            r#""plain""#,
        ]
    );
    assert!(begins(xml.as_bytes()));
    assert!(!begins(b"<Objs>") && !begins(b"<html>http://schemas.microsoft.com/powershell/2004/04 <Objs"));
}

#[test]
fn damage_ends_what_can_be_read() {
    let good = "<Obj><MS><I32 N=\"a\">1</I32></MS></Obj>";
    for (rest, error) in [
        ("<Obj><MS><S N=\"b\">cut", "ends within an object"),
        ("<Obj><MS><S N=\"b", "ends within a tag"),
        ("<Obj></MS>", "closes nothing"),
        ("<Obj><S>&boom;</S></Obj>", "a reference to what is not defined"),
        ("<!DOCTYPE x [<!ENTITY a \"b\">]>", "defines a document type"),
        ("<Obj a></Obj><Obj b=c></Obj>", "an attribute without a value"),
    ] {
        let xml = document(good).replace("</Objs>", rest);
        let (lines, found) = read(&xml);
        assert_eq!(lines[0], r#"{"a":1}"#, "{rest}");
        assert!(found.as_ref().is_some_and(|found| found.contains(error)), "{rest}: {found:?}");
    }
    let (lines, error) = read(&[document(good), document(good)].join("\n"));
    assert_eq!((lines.len(), error), (2, None), "documents one after the other");
}

#[test]
fn nesting_and_references_are_bounded() {
    let deep = "<Obj><LST>".repeat(10_000) + &"</LST></Obj>".repeat(10_000);
    let (lines, error) = read(&document(&format!("{deep}<S>next</S>")));
    assert_eq!((lines.len(), lines[1].as_str(), error), (2, "\"next\"", None));
    // Each object refers ten times to the one before it: doubling without end, if it were expanded.
    let mut objects = String::from("<Obj RefId=\"0\"><LST><S>0123456789</S></LST></Obj>");
    for n in 1..40 {
        let references = format!("<Ref RefId=\"{}\" />", n - 1).repeat(10);
        objects += &format!("<Obj RefId=\"{n}\"><LST>{references}</LST></Obj>");
    }
    let (lines, error) = read(&document(&objects));
    assert_eq!((lines.len(), error), (40, None));
    assert!(lines.iter().all(|line| line.len() < 400_000));
}

//! Conversion between units of measurement: `convert_length`, `convert_mass`, … Unit names are singular, in any case; an
//! unknown unit gives null.

use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, param};
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::{Real, String as Text};

/// A unit and how many of the kind's base units it holds.
type Units = &'static [(&'static str, f64)];

const ANGLE: Units = &[
    ("Degree", 1.0),
    ("Arcminute", 1.0 / 60.0),
    ("Arcsecond", 1.0 / 3600.0),
    ("Gradian", 0.9),
    ("Radian", 180.0 / std::f64::consts::PI),
    ("Milliradian", 0.18 / std::f64::consts::PI),
    ("Microradian", 0.000_18 / std::f64::consts::PI),
    ("Revolution", 360.0),
    ("NatoMil", 360.0 / 6400.0),
];

const ENERGY: Units = &[
    ("Joule", 1.0),
    ("Millijoule", 1e-3),
    ("Kilojoule", 1e3),
    ("Megajoule", 1e6),
    ("Gigajoule", 1e9),
    ("Calorie", 4.184),
    ("Kilocalorie", 4184.0),
    ("BritishThermalUnit", 1_055.055_852_62),
    ("ElectronVolt", 1.602_176_565e-19),
    ("WattHour", 3600.0),
    ("KilowattHour", 3.6e6),
    ("MegawattHour", 3.6e9),
    ("GigawattHour", 3.6e12),
    ("FootPound", 1.355_817_948),
    ("Erg", 1e-7),
];

const FORCE: Units = &[
    ("Newton", 1.0),
    ("Millinewton", 1e-3),
    ("Kilonewton", 1e3),
    ("Meganewton", 1e6),
    ("Dyn", 1e-5),
    ("KilogramForce", 9.806_65),
    ("TonneForce", 9806.65),
    ("PoundForce", 4.448_221_615_260_5),
    ("OunceForce", 0.278_013_850_953_781_2),
    ("Poundal", 0.138_254_954_376),
];

const LENGTH: Units = &[
    ("Meter", 1.0),
    ("Nanometer", 1e-9),
    ("Micrometer", 1e-6),
    ("Millimeter", 1e-3),
    ("Centimeter", 1e-2),
    ("Decimeter", 0.1),
    ("Hectometer", 100.0),
    ("Kilometer", 1e3),
    ("Inch", 0.0254),
    ("Foot", 0.3048),
    ("Yard", 0.9144),
    ("Fathom", 1.8288),
    ("Mile", 1609.344),
    ("NauticalMile", 1852.0),
    ("AstronomicalUnit", 1.495_978_707e11),
    ("LightYear", 9.460_730_472_58e15),
];

const MASS: Units = &[
    ("Kilogram", 1.0),
    ("Microgram", 1e-9),
    ("Milligram", 1e-6),
    ("Centigram", 1e-5),
    ("Gram", 1e-3),
    ("Tonne", 1e3),
    ("Grain", 6.479_891e-5),
    ("Ounce", 0.028_349_523_125),
    ("Pound", 0.453_592_37),
    ("Stone", 6.350_293_18),
    ("ShortTon", 907.184_74),
    ("LongTon", 1_016.046_908_8),
];

const SPEED: Units = &[
    ("MeterPerSecond", 1.0),
    ("MillimeterPerSecond", 1e-3),
    ("CentimeterPerSecond", 1e-2),
    ("KilometerPerSecond", 1e3),
    ("CentimeterPerMinute", 1e-2 / 60.0),
    ("MeterPerMinute", 1.0 / 60.0),
    ("KilometerPerMinute", 1e3 / 60.0),
    ("CentimeterPerHour", 1e-2 / 3600.0),
    ("MeterPerHour", 1.0 / 3600.0),
    ("KilometerPerHour", 1e3 / 3600.0),
    ("InchPerSecond", 0.0254),
    ("FootPerSecond", 0.3048),
    ("FootPerMinute", 0.3048 / 60.0),
    ("FootPerHour", 0.3048 / 3600.0),
    ("MilePerHour", 0.447_04),
    ("Knot", 1852.0 / 3600.0),
];

const VOLUME: Units = &[
    ("CubicMeter", 1.0),
    ("CubicMillimeter", 1e-9),
    ("CubicCentimeter", 1e-6),
    ("CubicDecimeter", 1e-3),
    ("CubicKilometer", 1e9),
    ("Milliliter", 1e-6),
    ("Centiliter", 1e-5),
    ("Deciliter", 1e-4),
    ("Liter", 1e-3),
    ("Hectoliter", 0.1),
    ("CubicInch", 1.638_706_4e-5),
    ("CubicFoot", 0.028_316_846_592),
    ("CubicYard", 0.764_554_857_984),
    ("UsGallon", 0.003_785_411_784),
    ("ImperialGallon", 0.004_546_09),
];

fn factor(units: Units, name: &str) -> Option<f64> {
    units.iter().find(|(unit, _)| unit.eq_ignore_ascii_case(name)).map(|(_, factor)| *factor)
}

fn by_factor(units: Units, value: f64, from: &str, to: &str) -> Option<f64> {
    Some(value * factor(units, from)? / factor(units, to)?)
}

/// A scale of temperature as the factor and offset that give kelvins.
fn kelvins(scale: &str) -> Option<(f64, f64)> {
    Some(match scale.to_ascii_lowercase().as_str() {
        "kelvin" => (1.0, 0.0),
        "degreecelsius" => (1.0, 273.15),
        "degreefahrenheit" => (5.0 / 9.0, 459.67 * 5.0 / 9.0),
        "degreerankine" => (5.0 / 9.0, 0.0),
        "degreereaumur" => (1.25, 273.15),
        _ => return None,
    })
}

fn temperature(value: f64, from: &str, to: &str) -> Option<f64> {
    let ((scale, offset), (target, target_offset)) = (kelvins(from)?, kelvins(to)?);
    Some((value * scale + offset - target_offset) / target)
}

const PARAMS: &[Param] = &[
    param("value", "real", "The number."),
    param("from", "string", "Its unit, singular, e.g. `Meter`."),
    param("to", "string", "The unit wanted."),
];

fn convert(
    name: &'static str,
    args: &[BoundExpr],
    f: fn(f64, &str, &str) -> Option<f64>,
) -> Result<BoundExpr, BindError> {
    call(name, args, &[Real, Text, Text], Real, move |args| {
        let (value, from, to) = (args.get(0)?.reals()?, args.get(1)?.text()?, args.get(2)?.text()?);
        build::reals(args.rows, |row| f(value.get(row)?, from.get(row)?, to.get(row)?))
    })
}

macro_rules! conversions {
    ($($constant:ident, $name:literal, $f:expr, $summary:literal, $query:literal, $result:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "(value, from, to)`: ", $summary)]
            pub const $constant: Scalar = Scalar::new(
                info($name, "math", $summary, PARAMS, "real", &[example($query, $result)]),
                |args, _| convert($name, args, $f),
            );
        )*
    };
}

conversions! {
    CONVERT_ANGLE, "convert_angle", |v, from, to| by_factor(ANGLE, v, from, to), "An angle in another unit.", "print convert_angle(180, \"Degree\", \"Arcminute\")", "10800.0";
    CONVERT_ENERGY, "convert_energy", |v, from, to| by_factor(ENERGY, v, from, to), "An energy in another unit.", "print convert_energy(1, \"KilowattHour\", \"Kilojoule\")", "3600.0";
    CONVERT_FORCE, "convert_force", |v, from, to| by_factor(FORCE, v, from, to), "A force in another unit.", "print convert_force(2, \"Kilonewton\", \"Newton\")", "2000.0";
    CONVERT_LENGTH, "convert_length", |v, from, to| by_factor(LENGTH, v, from, to), "A length in another unit.", "print round(convert_length(1, \"Mile\", \"Kilometer\"), 4)", "1.6093";
    CONVERT_MASS, "convert_mass", |v, from, to| by_factor(MASS, v, from, to), "A mass in another unit.", "print round(convert_mass(1, \"Pound\", \"Gram\"), 2)", "453.59";
    CONVERT_SPEED, "convert_speed", |v, from, to| by_factor(SPEED, v, from, to), "A speed in another unit.", "print round(convert_speed(1, \"MeterPerSecond\", \"KilometerPerHour\"), 2)", "3.6";
    CONVERT_TEMPERATURE, "convert_temperature", temperature, "A temperature on another scale.", "print convert_temperature(0, \"DegreeCelsius\", \"Kelvin\")", "273.15";
    CONVERT_VOLUME, "convert_volume", |v, from, to| by_factor(VOLUME, v, from, to), "A volume in another unit.", "print convert_volume(1, \"CubicMeter\", \"Liter\")", "1000.0";
}

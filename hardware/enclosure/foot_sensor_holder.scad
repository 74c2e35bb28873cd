// Holder for one foot sensor: a flat shell under the insole with a pocket for the 38 mm sensor, and
// a puck that spreads the heel's load over the sensor's face. Millimetres. Print in TPU; never
// printed yet.
//
// openscad -D 'part="shell"' -o shell.stl foot_sensor_holder.scad    part: shell, puck, both

part = "both";
$fn = 72;

sensor = 38.1 + 0.6;      // Interlink FSR 406: 38.1 mm square active area in a 43.7 mm sheet
sheet = 43.7 + 0.6;
sheet_depth = 0.6;
shell_length = 70;
shell_width = 56;
shell_thickness = 2.4;
edge_radius = 14;
tail_width = 8;           // the sensor's tail and the cable, strain-relieved by two slots
cable = 4.2;
puck_thickness = 2.0;
puck_clearance = 1.0;

module outline() {
    offset(edge_radius)
        square([shell_length - 2 * edge_radius, shell_width - 2 * edge_radius], center = true);
}

module shell() {
    difference() {
        minkowski() {
            linear_extrude(shell_thickness - 1) offset(-0.5) outline();
            cylinder(h = 1, r1 = 0.5, r2 = 0.1, $fn = 12);
        }
        translate([-6, 0, shell_thickness - sheet_depth + 0.5])
            cube([sheet, sheet, 2 * sheet_depth + 1], center = true);
        translate([20, -tail_width / 2, shell_thickness - 1.2]) cube([30, tail_width, 3]);
        // A tie through the two slots holds the cable, so that a pull never reaches the sensor.
        for (y = [-cable - 1.5, cable])
            translate([27, y, -1]) cube([2.5, 1.5, shell_thickness + 2]);
    }
}

module puck() {
    side = sensor - 2 * puck_clearance;
    minkowski() {
        translate([-side / 2 + 3, -side / 2 + 3, 0]) cube([side - 6, side - 6, puck_thickness - 0.8]);
        cylinder(h = 0.8, r1 = 3, r2 = 2.4);
    }
}

if (part == "shell" || part == "both") shell();
if (part == "puck") puck();
if (part == "both") translate([-6, 0, 14]) puck();

// Enclosure of the trainer: a base for the Pi with its hat and the sensor board side by side, and a
// lid with ring, cue light, button and encoder. All lengths in millimetres. Never printed yet.
//
// openscad -D 'part="base"' -o base.stl enclosure.scad     part: base, lid, both

part = "both";
$fn = 48;

wall = 2.4;
floor_thickness = 2.4;
inner_x = 190;            // Pi and sensor board side by side, with room for plugs
inner_y = 110;
inner_z = 42;             // Pi, hat and plugs
corner_radius = 4;
lip = 1.6;                // the lid's edge reaches into the base
fit = 0.3;

pi_hole_x = 58;           // Raspberry Pi mechanical drawing: 58 x 49 mm, M2.5
pi_hole_y = 49;
pi_at = [12, 14];
board_x = 100;            // prototype board 100 x 80 mm, holes 4 mm from the edges
board_y = 80;
board_hole_inset = 4;
board_at = [86, 14];
post_height = 6;
insert_hole = 4.0;        // heat-set insert M3
screw_hole = 3.4;
corner_post = 8;

ring_outer = 44.5 + 0.6;  // NeoPixel ring, 16 pixels
button_hole = 28.6;       // 30 mm arcade button: 28 mm thread
encoder_hole = 7.4;
led_hole = 5.2;
socket_count = 6;         // sensor cables, in a row on the long side
cable_hole = 7;

module rounded(x, y, z, r) {
    linear_extrude(z) offset(r) translate([r, r]) square([x - 2 * r, y - 2 * r]);
}

module post(at, hole) {
    translate([at[0], at[1], 0]) difference() {
        cylinder(h = floor_thickness + post_height, d = 7);
        translate([0, 0, floor_thickness]) cylinder(h = post_height + 1, d = hole);
    }
}

module corners() {
    for (x = [corner_post / 2, inner_x - corner_post / 2], y = [corner_post / 2, inner_y - corner_post / 2])
        translate([wall + x, wall + y, 0]) children();
}

module base() {
    difference() {
        union() {
            difference() {
                rounded(inner_x + 2 * wall, inner_y + 2 * wall, inner_z + floor_thickness, corner_radius);
                translate([wall, wall, floor_thickness])
                    rounded(inner_x, inner_y, inner_z + 1, corner_radius - wall / 2);
            }
            corners() cylinder(h = inner_z + floor_thickness - lip, d = corner_post);
            for (x = [0, pi_hole_x], y = [0, pi_hole_y])
                post([wall + pi_at[0] + x, wall + pi_at[1] + y], 2.2);
            for (x = [board_hole_inset, board_x - board_hole_inset],
                 y = [board_hole_inset, board_y - board_hole_inset])
                post([wall + board_at[0] + x, wall + board_at[1] + y], 2.6);
        }
        corners() translate([0, 0, inner_z - 8]) cylinder(h = 20, d = insert_hole);
        // Sensor cables leave on the long side, through grommets.
        for (i = [0 : socket_count - 1])
            translate([wall + board_at[0] + 10 + i * 16, inner_y + wall - 1, floor_thickness + 16])
                rotate([-90, 0, 0]) cylinder(h = wall + 2, d = cable_hole);
        // Supply and headphones on the Pi's side.
        translate([wall + pi_at[0] + 2, -1, floor_thickness + post_height]) cube([62, wall + 2, 14]);
        // Air: slots too narrow for a finger.
        for (i = [0 : 9])
            translate([-1, wall + 20 + i * 7, floor_thickness + 28]) cube([wall + 2, 3, 10]);
    }
}

module lid() {
    difference() {
        union() {
            rounded(inner_x + 2 * wall, inner_y + 2 * wall, wall, corner_radius);
            translate([wall + fit, wall + fit, -lip]) difference() {
                rounded(inner_x - 2 * fit, inner_y - 2 * fit, lip, corner_radius - wall / 2);
                translate([wall, wall, -1])
                    rounded(inner_x - 2 * fit - 2 * wall, inner_y - 2 * fit - 2 * wall, lip + 2, 1);
            }
        }
        corners() translate([0, 0, -lip - 1]) cylinder(h = wall + lip + 2, d = screw_hole);
        corners() translate([0, 0, -lip - 1]) cylinder(h = lip + 1, d = corner_post + 2 * fit);
        // The ring shines through a skin of 0.6 mm: nothing to touch, nothing to catch dirt.
        translate([45, 70, -1]) cylinder(h = wall + 1 - 0.6, d = ring_outer);
        translate([100, 70, -lip - 1]) cylinder(h = 10, d = led_hole);
        translate([150, 70, -lip - 1]) cylinder(h = 10, d = button_hole);
        translate([100, 30, -lip - 1]) cylinder(h = 10, d = encoder_hole);
    }
}

if (part == "base" || part == "both") base();
if (part == "lid") lid();
if (part == "both") translate([0, 0, inner_z + floor_thickness + 25]) lid();
